//! Regular expressions, compiled under a bound: of the whole value, but for what is looked for
//! within a text.

use regex::{Regex, RegexBuilder};

use super::{Reader, Shape, Written};
use crate::tree::Node;

/// Bytes that one compiled pattern may take; honest ones take a few thousand.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// Groups within groups.
const NEST_MAX: u32 = 32;

/// A regular expression that the whole value must match.
pub(crate) struct Pattern;

impl Written for Pattern {
    type Value = Regex;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Regex> {
        read(node, reader, |text| format!("^(?:{text})$"))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "regular expression", pattern: None }
    }
}

/// A regular expression that is looked for within a text.
pub(crate) fn read_sought(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Regex> {
    read(node, reader, str::to_owned)
}

fn read(node: &Node<'_>, reader: &mut Reader<'_>, anchored: fn(&str) -> String) -> Option<Regex> {
    let Some(text) = node.text() else {
        reader.refuse_type(node, "a regular expression");
        return None;
    };
    match compile(text, anchored) {
        Ok(regex) => Some(regex),
        Err(_) if node.substituted => {
            reader.refuse(node.place, "not a regular expression");
            None
        }
        Err(reason) => {
            reader.refuse(node.place, format!("not a regular expression: {reason}"));
            None
        }
    }
}

fn compile(text: &str, anchored: fn(&str) -> String) -> Result<Regex, String> {
    // Parsed alone first: `a)|(b` would otherwise close the group that anchors it.
    regex_syntax::ast::parse::ParserBuilder::new()
        .nest_limit(NEST_MAX)
        .build()
        .parse(text)
        .map_err(|error| error.kind().to_string())?;
    RegexBuilder::new(&anchored(text))
        .size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NEST_MAX + 2)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => String::from("it becomes too large"),
            regex::Error::Syntax(reason) => {
                reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
            other => other.to_string(),
        })
}
