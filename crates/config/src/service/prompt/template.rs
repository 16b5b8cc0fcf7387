//! A template: text with `{{name}}` where an input goes.
//!
//! No loops, no conditions, no includes: what needs them is better written where code is.

use crate::read::{Reader, Shape, Written, scalar};
use crate::tree::Node;

use super::input;

/// Text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its parts, in order; no two texts beside each other.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text that stands as it is.
    Text(String),
    /// The value of an input, by its name.
    Input(String),
}

impl TemplatePart {
    /// The name of the input, where it is one.
    fn input(&self) -> Option<&str> {
        match self {
            Self::Input(name) => Some(name),
            Self::Text(_) => None,
        }
    }
}

impl Template {
    /// The inputs that it uses, in the order of their first use, each once.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().enumerate().filter_map(|(at, part)| {
            let name = part.input()?;
            let is_first = !self.parts[..at].iter().any(|part| part.input() == Some(name));
            is_first.then_some(name)
        })
    }

    /// The text, with the value of each input put in. Values are not looked at again: what looks
    /// like a hole in them is text.
    pub fn filled<'v>(&self, value: impl Fn(&str) -> &'v str) -> String {
        self.parts.iter().fold(String::new(), |mut filled, part| {
            filled.push_str(match part {
                TemplatePart::Text(text) => text,
                TemplatePart::Input(name) => value(name),
            });
            filled
        })
    }

    fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            if rest[..at].ends_with('\\') {
                plain.push_str(&rest[..at - 1]);
                plain.push_str("{{");
                rest = &rest[at + 2..];
                continue;
            }
            plain.push_str(&rest[..at]);
            let (name, behind) = rest[at + 2..].split_once("}}").ok_or(TemplateError::NotClosed)?;
            let name = name.trim();
            if !input::is_name(name) {
                return Err(TemplateError::NoName);
            }
            if !plain.is_empty() {
                parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
            }
            parts.push(TemplatePart::Input(name.to_owned()));
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(TemplatePart::Text(plain));
        }
        Ok(Self { parts })
    }
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum TemplateError {
    /// A hole without an end.
    #[error("`{{{{` without its `}}}}`; `\\{{{{` stands for the text `{{{{`")]
    NotClosed,
    /// A hole without the name of an input.
    #[error(
        "between `{{{{` and `}}}}` stands the name of an input; `\\{{{{` stands for the text `{{{{`"
    )]
    NoName,
}

/// A template as it is written.
pub(super) struct TemplateText;

impl Written for TemplateText {
    type Value = Template;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Template> {
        let text =
            scalar(node, reader, "a text", |text| (!text.is_empty()).then(|| text.to_owned()))?;
        match Template::parse(&text) {
            Ok(template) => Some(template),
            Err(error) => {
                reader.refuse(node.place, error.to_string());
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text { kind: "text with holes", pattern: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, TemplateError> {
        Template::parse(text).map(|template| {
            let part = |part: &TemplatePart| match part {
                TemplatePart::Text(text) => format!("'{text}'"),
                TemplatePart::Input(name) => name.clone(),
            };
            template.parts.iter().map(part).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn holes_are_found_and_everything_else_is_text() {
        for (text, parts) in [
            ("{{a}}", "a"),
            ("x {{ a }}{{b}} y", "'x ' a b ' y'"),
            ("{\"a\": {\"b\": 1}}", "'{\"a\": {\"b\": 1}}'"),
            ("\\{{a}} {{a}}", "'{{a}} ' a"),
            ("a }} b", "'a }} b'"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(parts), "{text}");
        }
        assert_eq!(shown("{{a"), Err(TemplateError::NotClosed));
        for text in ["{{}}", "{{a b}}", "{{#if a}}", "{{{a}}}", "{{a.b}}"] {
            assert_eq!(shown(text), Err(TemplateError::NoName), "{text}");
        }
    }

    #[test]
    fn values_are_put_in_and_not_looked_at_again() {
        let template = Template::parse("{{a}} and {{b}} and {{a}}").unwrap();
        assert_eq!(template.inputs().collect::<Vec<_>>(), ["a", "b"]);
        let filled = template.filled(|name| if name == "a" { "{{b}}" } else { "2" });
        assert_eq!(filled, "{{b}} and 2 and {{b}}");
    }
}
