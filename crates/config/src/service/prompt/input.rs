//! What fills a hole of a template: its type, its bounds and what stands there when a caller says
//! nothing.

use crate::read::{
    AnyText, NonEmpty, Number, Reader, Scope, Shape, Text, Written, is_number, record, scalar,
    words,
};
use crate::tree::{Content, Node};

/// What a caller may put into a hole.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptInput {
    /// What it may be.
    pub kind: InputKind,
    /// What stands there when the caller says nothing; without it, the caller must.
    pub default: Option<String>,
    /// What it is, for people.
    pub description: Option<String>,
}

/// What an input may be.
#[derive(Clone, Debug, PartialEq)]
pub enum InputKind {
    /// A text of so many characters.
    String {
        /// The most characters.
        chars_max: usize,
    },
    /// A number within bounds.
    Number {
        /// The least.
        min: Option<f64>,
        /// The most.
        max: Option<f64>,
    },
    /// A whole number within bounds.
    Integer {
        /// The least.
        min: Option<f64>,
        /// The most.
        max: Option<f64>,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these texts; never empty.
    Enum(Vec<String>),
}

impl InputKind {
    /// Whether a value fits, given as the text that goes into the template. That a number came as
    /// a number is for whoever saw it to say.
    #[must_use]
    pub fn takes(&self, text: &str) -> bool {
        let within = |min: Option<f64>, max: Option<f64>| {
            text.parse().is_ok_and(|number: f64| {
                min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
            })
        };
        match self {
            Self::String { chars_max } => text.chars().take(*chars_max + 1).count() <= *chars_max,
            Self::Number { min, max } => is_number(text) && within(*min, *max),
            Self::Integer { min, max } => {
                is_number(text) && !text.contains(['.', 'e', 'E']) && within(*min, *max)
            }
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Enum(words) => words.iter().any(|word| word == text),
        }
    }

    /// What fits, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        let bounds = |min: &Option<f64>, max: &Option<f64>| match (min, max) {
            (Some(min), Some(max)) => format!(" from {min} to {max}"),
            (Some(min), None) => format!(" of at least {min}"),
            (None, Some(max)) => format!(" of at most {max}"),
            (None, None) => String::new(),
        };
        match self {
            Self::String { chars_max } => format!("a text of at most {chars_max} characters"),
            Self::Number { min, max } => format!("a number{}", bounds(min, max)),
            Self::Integer { min, max } => format!("a whole number{}", bounds(min, max)),
            Self::Boolean => String::from("`true` or `false`"),
            Self::Enum(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", quoted.join(", "))
            }
        }
    }
}

/// About fifty thousand tokens: a long report, and within what most models take.
const CHARS_MAX: usize = 200_000;
/// Up to this, whole numbers are exact wherever they are read as JSON.
const NUMBER_MAX: i64 = 1_000_000_000_000_000;

words! {
    /// What an input may be.
    enum InputType {
        /// A text.
        String = "string",
        /// A number.
        Number = "number",
        /// A whole number.
        Integer = "integer",
        /// `true` or `false`.
        Boolean = "boolean",
    }
}

record! {
    /// What a caller may put into a hole.
    #[derive(Debug)]
    struct InputMap => PromptInput by finish {
        /// What it may be; or `enum`.
        "type": Option<InputType> = None => kind: Option<InputType>,
        /// One of these texts.
        "enum": Option<NonEmpty<Text>> = None => words: Option<Vec<String>>,
        /// What stands there when a caller says nothing; without it, callers must.
        "default": Option<AnyText> = None => default: Option<String>,
        /// What it is, for people.
        "description": Option<Text> = None => description: Option<String>,
        /// The least of a number.
        "min": Option<Bound> = None => min: Option<f64>,
        /// The most of a number; of a text, its characters, by default 200,000.
        "max": Option<Bound> = None => max: Option<f64>,
    }
}

/// A bound of a number.
type Bound = Number<{ -NUMBER_MAX }, NUMBER_MAX>;

impl InputMap {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<PromptInput> {
        match (scope.has("type"), scope.has("enum")) {
            (true, true) => scope.refuse_at("enum", "takes either `type` or `enum`"),
            (false, false) => scope.refuse("needs `type` or `enum`"),
            _ => {}
        }
        self.check_bounds(scope);
        let kind = match (self.kind, self.words) {
            (_, Some(words)) => InputKind::Enum(words),
            (kind, None) => kind?.within(self.min, self.max),
        };
        if let Some(default) = self.default.as_deref().filter(|text| !kind.takes(text)) {
            debug_assert!(scope.text("default") == Some(default));
            let message = match &kind {
                InputKind::Enum(_) => String::from("is none of `enum`"),
                kind => {
                    let found = scope.node.get("default").map(Node::described);
                    format!("expected {}, found {}", kind.expected(), found.unwrap_or_default())
                }
            };
            scope.refuse_at("default", message);
        }
        Some(PromptInput { kind, default: self.default, description: self.description })
    }

    fn check_bounds(&self, scope: &mut Scope<'_, '_, '_>) {
        let is_whole = |bound: f64| bound.fract() == 0.0;
        for (key, bound) in [("min", self.min), ("max", self.max)] {
            let Some(bound) = bound else { continue };
            let message = match (self.kind, key) {
                (Some(InputType::String), "max") if is_whole(bound) && bound >= 1.0 => continue,
                (Some(InputType::Integer), _) if is_whole(bound) => continue,
                (Some(InputType::Number), _) => continue,
                (Some(InputType::String), "max") => "of a text is a number of characters, from 1",
                (Some(InputType::Integer), _) => "of a whole number is a whole number",
                _ => "is for numbers; `max` also for texts",
            };
            scope.refuse_at(key, message);
        }
        let is_number = matches!(self.kind, Some(InputType::Number | InputType::Integer));
        if is_number && self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            scope.refuse_at("min", "is over `max`");
        }
    }
}

impl InputType {
    fn within(self, min: Option<f64>, max: Option<f64>) -> InputKind {
        match self {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Self::String => {
                InputKind::String { chars_max: max.map_or(CHARS_MAX, |max| max as usize) }
            }
            Self::Number => InputKind::Number { min, max },
            Self::Integer => InputKind::Integer { min, max },
            Self::Boolean => InputKind::Boolean,
        }
    }
}

/// A type alone, or a map that says more.
pub(super) struct InputWritten;

impl Written for InputWritten {
    type Value = PromptInput;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<PromptInput> {
        match node.content {
            Content::Map(_) => InputMap::read(node, reader),
            _ => InputType::read(node, reader).map(|kind| PromptInput {
                kind: kind.within(None, None),
                default: None,
                description: None,
            }),
        }
    }

    fn shape() -> Shape {
        Shape::Either { short: Box::new(InputType::shape()), long: Box::new(InputMap::shape()) }
    }
}

/// The name of an input.
pub(super) struct InputName;

impl Written for InputName {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let expected = "a name of 1 to 64 of `A-Za-z0-9_-` that begins with a letter or `_`";
        scalar(node, reader, expected, |text| is_name(text).then(|| text.to_owned()))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name", pattern: None }
    }
}

/// Whether an input may be called so.
pub(super) fn is_name(text: &str) -> bool {
    const NAME_BYTES_MAX: usize = 64;
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_against_their_type() {
        let text = InputKind::String { chars_max: 3 };
        assert!(text.takes("") && text.takes("a\u{e4}\u{20ac}") && !text.takes("abcd"));
        let number = InputKind::Number { min: Some(-0.5), max: Some(1e3) };
        assert!(number.takes("-0.5") && number.takes("1E3") && !number.takes("1000.1"));
        assert!(!number.takes("NaN") && !number.takes("+1") && !number.takes("inf"));
        let integer = InputKind::Integer { min: Some(1.0), max: None };
        assert!(integer.takes("1") && !integer.takes("0") && !integer.takes("1.0"));
        assert!(InputKind::Boolean.takes("true") && !InputKind::Boolean.takes("True"));
        let words = InputKind::Enum(vec![String::from("a"), String::from("b")]);
        assert!(words.takes("b") && !words.takes("c"));
        assert_eq!(words.expected(), "one of `a`, `b`");
    }
}
