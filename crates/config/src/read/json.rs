//! Values that pass through as JSON: nobody here knows what their keys mean.

use std::fmt::Write;

use super::{Reader, Shape, Written};
use crate::tree::{Content, Node};

/// A map of any content, kept as JSON in the order of the text. What stands without quotes and is
/// `true`, `false` or a number is one; everything else is text.
pub(crate) struct JsonText;

impl Written for JsonText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        if !matches!(node.content, Content::Map(_)) {
            reader.refuse_type(node, "a map");
            return None;
        }
        let mut text = String::new();
        write(node, &mut text);
        Some(text)
    }

    fn shape() -> Shape {
        Shape::Json
    }
}

fn write(node: &Node<'_>, out: &mut String) {
    match &node.content {
        Content::Nothing => out.push_str("null"),
        Content::Text(text) if node.is_plain && is_literal(text) => out.push_str(text),
        Content::Text(text) => write_text(text, out),
        Content::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        Content::Map(entries) => {
            out.push('{');
            for (at, entry) in entries.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write_text(entry.key(), out);
                out.push(':');
                write(&entry.value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    let _ = write!(out, "{}", serde_json::Value::from(text));
}

fn is_literal(text: &str) -> bool {
    matches!(text, "true" | "false") || is_number(text)
}

/// Whether a text is a number as JSON writes it.
pub(crate) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_exponent = |text: &str| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && part.is_none_or(is_digits)
        && exponent.is_none_or(is_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_json() {
        for number in ["0", "-0", "10", "1.5", "-1.50e+3", "1E9"] {
            assert!(is_number(number), "{number}");
        }
        for text in ["", "-", "01", "+1", "1.", ".5", "1e", "0x1F", "1_000", ".inf", "NaN"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
