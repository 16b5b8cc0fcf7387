//! Which tools, prompts and resources: a name, or all that begin with a text.

use std::fmt;

use crate::read::{Reader, Shape, Written, scalar};
use crate::tree::Node;

/// A longer name is none that a server may have.
const BYTES_MAX: usize = 4096;

/// One name, or everything that begins with a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NamePattern {
    /// This name.
    Exact(String),
    /// Names that begin with this; written with a `*` at its end. Empty for every name.
    Prefix(String),
}

impl NamePattern {
    /// Whether it takes a name.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }

    /// Whether it takes a URI or path: as a name, but that no beginning takes one which leads out of
    /// it again by a step up, in whatever spelling.
    #[must_use]
    pub fn takes_place(&self, place: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == place,
            Self::Prefix(prefix) if prefix.is_empty() => true,
            Self::Prefix(prefix) => place.starts_with(prefix.as_str()) && !may_lead_up(place),
        }
    }
}

/// Whether somebody who reads a URI or path may find a step up in it. Readers differ in how often
/// they decode, in what parts elements, and in whether they see blanks around one.
#[must_use]
pub fn may_lead_up(place: &str) -> bool {
    if place.chars().any(char::is_control) {
        return true;
    }
    let mut plain = place.to_ascii_lowercase();
    while plain.contains("%25") {
        plain = plain.replace("%25", "%");
    }
    let plain = plain.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    plain.split(['/', '\\', '?', '#', ';', ':']).any(|element| element.trim() == "..")
}

impl fmt::Display for NamePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => formatter.write_str(exact),
            Self::Prefix(prefix) => write!(formatter, "{prefix}*"),
        }
    }
}

/// A pattern as it is written.
pub(crate) struct NamePatternText;

impl Written for NamePatternText {
    type Value = NamePattern;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<NamePattern> {
        let expected = "a name, or the beginning of one and `*`";
        scalar(node, reader, expected, parse)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name or pattern", pattern: Some(r"^[^*]*\*?$") }
    }

    fn show(value: &NamePattern) -> Option<serde_json::Value> {
        Some(value.to_string().into())
    }
}

fn parse(text: &str) -> Option<NamePattern> {
    let (name, is_prefix) = match text.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (text, false),
    };
    if name.contains('*') || name.len() > BYTES_MAX || (name.is_empty() && !is_prefix) {
        return None;
    }
    let name = name.to_owned();
    Some(if is_prefix { NamePattern::Prefix(name) } else { NamePattern::Exact(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_a_beginning() {
        for (text, name, takes) in [
            ("read", "read", true),
            ("read", "Read", false),
            ("read", "read2", false),
            ("read_*", "read_file", true),
            ("read_*", "reader", false),
            ("*", "", true),
        ] {
            assert_eq!(parse(text).unwrap().takes(name), takes, "{text} {name}");
        }
        for text in ["", "a*b", "**"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_place_leads_out_of_where_it_begins() {
        let below = parse("file:///srv/*").unwrap();
        for place in [
            "file:///srv/a",
            "file:///srv/a b",
            "file:///srv/..a/b..",
            "file:///srv/a?x=1",
            "file:///srv/%41",
        ] {
            assert!(below.takes_place(place), "{place}");
        }
        for place in [
            "file:///srv",
            "file:///etc/passwd",
            "FILE:///srv/a",
            "file:///srv/../etc/passwd",
            "file:///srv/a/..",
            "file:///srv/%2e%2E/etc",
            "file:///srv/.%2e/etc",
            "file:///srv/..%2fetc",
            "file:///srv/%252e%252e/etc",
            "file:///srv/%25252e./etc",
            "file:///srv/..\\etc",
            "file:///srv/..%5cetc",
            "file:///srv/..;x/etc",
            "file:///srv/.\t./etc",
            "file:///srv/.\n./etc",
            "file:///srv/ .. /etc",
            "file:///srv/\u{85}",
        ] {
            assert!(!below.takes_place(place), "{place}");
        }
        assert!(parse("a/../b").unwrap().takes_place("a/../b"), "as it is written");
    }
}
