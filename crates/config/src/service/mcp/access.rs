//! Who may do what with what MCP servers have: rules, of which each lets something pass.

use architrave_core::units::Rate;

use super::pattern::{NamePattern, NamePatternText};
use crate::read::{List, NonEmpty, Reader, Ref, Scope, Shape, Text, Written, record, scalar};
use crate::snapshot::McpServerIndex;
use crate::tree::Node;

record! {
    /// What some callers may do. Where there is a rule at all, nothing passes that no rule lets
    /// pass, and nobody is shown what they may not call.
    #[derive(Clone, Debug, PartialEq)]
    pub struct McpRule => McpRule by finish {
        /// The consumers that it holds for, such as `mobile` or `team-*`. Where neither these nor
        /// `applications` are written it holds for everybody.
        "consumers": Option<NonEmpty<NamePatternText>> = None
            => pub consumers: Option<Vec<NamePattern>>,
        /// The applications that it holds for.
        "applications": Option<NonEmpty<NamePatternText>> = None
            => pub applications: Option<Vec<NamePattern>>,
        /// The servers that it speaks of; by default all of the service's.
        "servers": Option<NonEmpty<Ref<McpServerIndex>>> = None
            => pub servers: Option<Vec<McpServerIndex>>,
        /// The tools that they may call, as their server calls them: names, or beginnings of names
        /// with `*` behind them.
        "tools": List<NamePatternText> = Vec::new() => pub tools: Vec<NamePattern>,
        /// The prompts that they may get.
        "prompts": List<NamePatternText> = Vec::new() => pub prompts: Vec<NamePattern>,
        /// The resources that they may read, and the templates of resources that they see. No
        /// beginning of a URI takes one with a step up (`..`) in it, however that is spelled.
        "resources": List<NamePatternText> = Vec::new() => pub resources: Vec<NamePattern>,
        /// What must hold of the arguments of a tool; all of it.
        "when": List<McpCondition> = Vec::new() => pub when: Vec<McpCondition>,
        /// How often each caller may use each of them.
        "rate": Option<Rate> = None => pub rate: Option<Rate>,
    }
}

impl McpRule {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        if !["tools", "prompts", "resources"].iter().any(|key| scope.has(key)) {
            scope.refuse("needs `tools`, `prompts` or `resources`: what may be used");
        }
        if scope.has("when") && (scope.has("prompts") || scope.has("resources")) {
            let message = "is about arguments of tools; prompts and resources need a rule of their \
                           own";
            scope.refuse_at("when", message);
        }
        Some(self)
    }
}

/// What must hold of an argument.
#[derive(Clone, Debug, PartialEq)]
pub struct McpCondition {
    /// Where it is among the arguments, element by element.
    pub argument: Vec<String>,
    /// What must hold.
    pub test: McpTest,
}

/// What must hold of a value. A value of another type than the one that is written fails, and so
/// does one that is not there.
#[derive(Clone, Debug, PartialEq)]
pub enum McpTest {
    /// It is one of these.
    OneOf(Vec<McpScalar>),
    /// It is a text that begins so, without a step up in it.
    StartsWith(String),
    /// It is a whole number within these bounds, both included.
    Within(i64, i64),
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum McpScalar {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// `true` or `false`.
    Truth(bool),
}

record! {
    /// What must hold of an argument: `equals`, `one_of`, `starts_with`, or `at_least` and
    /// `at_most`. A value of another type fails, and so does one that is not there.
    #[derive(Debug)]
    pub(crate) struct McpConditionWritten => McpCondition by finish {
        /// Where it is among the arguments, as a JSON Pointer: `/path`, `/filter/0/name`.
        "argument": PointerText => argument: Vec<String>,
        /// It is this; what stands without quotes and is `true`, `false` or a number is one.
        "equals": Option<ScalarText> = None => equals: Option<McpScalar>,
        /// It is one of these.
        "one_of": Option<NonEmpty<ScalarText>> = None => one_of: Option<Vec<McpScalar>>,
        /// It is a text that begins so; none with a step up (`..`) in it, however that is spelled.
        "starts_with": Option<Text> = None => starts_with: Option<String>,
        /// It is a whole number, this or a larger one.
        "at_least": Option<WholeText> = None => at_least: Option<i64>,
        /// It is a whole number, this or a smaller one.
        "at_most": Option<WholeText> = None => at_most: Option<i64>,
    }
}

impl McpConditionWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<McpCondition> {
        let is_within = scope.has("at_least") || scope.has("at_most");
        let tests = ["equals", "one_of", "starts_with"].iter().filter(|key| scope.has(key)).count();
        if tests + usize::from(is_within) != 1 {
            let message =
                "needs one of `equals`, `one_of`, `starts_with`, and `at_least` or `at_most`";
            scope.refuse(message);
            return None;
        }
        let (least, most) = (self.at_least.unwrap_or(i64::MIN), self.at_most.unwrap_or(i64::MAX));
        if least > most {
            scope.refuse_at("at_most", "is smaller than `at_least`");
        }
        let one_of = self.one_of.or(self.equals.map(|one| vec![one]));
        let test = match (one_of, self.starts_with) {
            (Some(values), _) => McpTest::OneOf(values),
            (None, Some(text)) => McpTest::StartsWith(text),
            // What is written is wrong, and noted.
            (None, None) if !is_within => return None,
            (None, None) => McpTest::Within(least, most),
        };
        Some(McpCondition { argument: self.argument, test })
    }
}

impl Written for McpCondition {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        McpConditionWritten::read(node, reader)
    }

    fn shape() -> Shape {
        McpConditionWritten::shape()
    }
}

/// A JSON Pointer (RFC 6901).
pub(crate) struct PointerText;

impl Written for PointerText {
    type Value = Vec<String>;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
        scalar(node, reader, "a JSON Pointer such as `/path` or `/filter/0/name`", pointer)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "JSON Pointer", pattern: Some("^/") }
    }
}

fn pointer(text: &str) -> Option<Vec<String>> {
    let elements = text.strip_prefix('/')?.split('/');
    let plain = |element: &str| {
        let is_escaped = |at: usize| element[at + 1..].starts_with(['0', '1']);
        let is_sound = element.match_indices('~').all(|(at, _)| is_escaped(at));
        is_sound.then(|| element.replace("~1", "/").replace("~0", "~"))
    };
    elements.map(plain).collect()
}

/// A text, a whole number, `true` or `false`.
pub(crate) struct ScalarText;

impl Written for ScalarText {
    type Value = McpScalar;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<McpScalar> {
        let is_plain = node.is_plain;
        let expected = "a text, a whole number, `true` or `false`";
        scalar(node, reader, expected, |text| match text {
            "true" if is_plain => Some(McpScalar::Truth(true)),
            "false" if is_plain => Some(McpScalar::Truth(false)),
            text if is_plain && crate::read::is_number(text) => {
                text.parse().ok().map(McpScalar::Whole)
            }
            text => Some(McpScalar::Text(text.to_owned())),
        })
    }

    fn shape() -> Shape {
        // What stands without quotes is what it looks like, also on the way back.
        Shape::Json
    }

    fn show(value: &McpScalar) -> Option<serde_json::Value> {
        Some(match value {
            McpScalar::Text(text) => text.as_str().into(),
            McpScalar::Whole(number) => (*number).into(),
            McpScalar::Truth(truth) => (*truth).into(),
        })
    }
}

/// A whole number, of either sign.
pub(crate) struct WholeText;

impl Written for WholeText {
    type Value = i64;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<i64> {
        scalar(node, reader, "a whole number", |text| {
            crate::read::is_number(text).then(|| text.parse().ok())?
        })
    }

    fn shape() -> Shape {
        Shape::Number { min: i64::MIN as f64, takes_min: true, max: i64::MAX as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_those_of_rfc_6901() {
        let of = |text| pointer(text).map(|elements| elements.join("|"));
        assert_eq!(of("/a/b~1c/~01/").as_deref(), Some("a|b/c|~1|"));
        for text in ["", "a", "/a~", "/~2"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
