//! Under which text a path pattern is filed, so that lookups lead from a request's path to it.
//!
//! Exact paths and prefixes are filed under themselves. A regex is filed under the literal text
//! that every match of it begins with, so that only those are run whose beginning already fits.

use std::cmp::Reverse;

use architrave_config::PathMatch;
use regex::Regex;
use regex_syntax::hir::literal::Extractor;

use super::lengths::LENGTH_MAX;

/// The kinds of path patterns, in their order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// The whole path.
    Exact,
    /// The longest beginning first.
    Regex,
    /// The longest first; kept without trailing slash, so that the empty one is `/`.
    Prefix,
}

/// Where a pattern is filed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Filing {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Which of those under the same text comes first: the one that says more.
    pub(super) precedence: Reverse<(usize, usize)>,
}

impl Filing {
    pub(super) fn of(pattern: &PathMatch) -> Self {
        let plain =
            |kind, text: &String| Self { kind, text: text.clone(), precedence: Reverse((0, 0)) };
        match pattern {
            PathMatch::Exact(path) => plain(Kind::Exact, path),
            PathMatch::Prefix(prefix) => plain(Kind::Prefix, prefix),
            PathMatch::Regex(regex) => {
                let mut text = literal_beginning(regex);
                let precedence = Reverse((text.len(), regex.as_str().len()));
                // Every length that is looked up must be one that can be told apart.
                while text.len() > LENGTH_MAX {
                    text.pop();
                }
                Self { kind: Kind::Regex, text, precedence }
            }
        }
    }
}

/// The text that every match of `regex` (anchored at both ends) begins with; may be empty.
fn literal_beginning(regex: &Regex) -> String {
    let Ok(parsed) = regex_syntax::parse(regex.as_str()) else {
        return String::new();
    };
    let literals = Extractor::new().extract(&parsed);
    let Some(common) = literals.longest_common_prefix() else {
        return String::new();
    };
    // Bytes in the middle of a character are of no use to a lookup by text.
    let text = String::from_utf8_lossy(common);
    text.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filing(pattern: &str) -> Filing {
        Filing::of(&PathMatch::Regex(Regex::new(&format!("^(?:{pattern})$")).unwrap()))
    }

    #[test]
    fn a_regex_is_filed_under_its_beginning() {
        let text = |pattern: &str| filing(pattern).text;
        assert_eq!(text("/api/v[0-9]+/x"), "/api/v");
        assert_eq!(text("/a|/ab"), "/a");
        assert_eq!(text(".*"), "");
        assert_eq!(text("(?i)/api"), "/");
        assert_eq!(text(&format!("/{}é.*", "a".repeat(61))), format!("/{}", "a".repeat(61)));
    }

    #[test]
    fn the_longer_beginning_comes_first_also_where_texts_are_cut() {
        let long = "a".repeat(80);
        let (longer, shorter) = (filing(&format!("/{long}x.*")), filing(&format!("/{long}.*yyy")));
        assert_eq!(longer.text, shorter.text);
        assert!(longer < shorter);
        assert!(filing("/a.*b") < filing("/a.*"));
    }
}
