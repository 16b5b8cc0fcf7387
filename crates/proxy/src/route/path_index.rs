//! Finds, among many path patterns, those that a path fits, without trying them all.
//!
//! Exact paths and prefixes are hashed; a prefix is looked up once per element of the request's
//! path. A regex is filed under the literal text that every match of it begins with, so that only
//! those are run whose beginning already fits.

use std::collections::HashMap;

use architrave_config::PathMatch;
use foldhash::fast::RandomState;
use regex::Regex;
use regex_syntax::hir::literal::Extractor;

/// Positions in the owner's list, the most specific first.
type Candidates = Vec<u32>;

/// An index over path patterns.
#[derive(Debug, Default)]
pub(super) struct PathIndex {
    exact: HashMap<Box<str>, Candidates, RandomState>,
    /// By prefix without trailing slash; the empty one is `/`.
    prefix: HashMap<Box<str>, Candidates, RandomState>,
    /// By literal beginning.
    regex: HashMap<Box<str>, Vec<(Regex, u32)>, RandomState>,
    /// The lengths of the keys of `regex`, the longest first.
    regex_lengths: Vec<usize>,
}

impl PathIndex {
    /// Files `candidate` under its pattern. Call it with the most specific candidates first.
    pub(super) fn insert(&mut self, pattern: &PathMatch, candidate: u32) {
        match pattern {
            PathMatch::Exact(path) => {
                self.exact.entry(path.as_str().into()).or_default().push(candidate);
            }
            PathMatch::Prefix(prefix) => {
                self.prefix.entry(prefix.as_str().into()).or_default().push(candidate);
            }
            PathMatch::Regex(regex) => {
                let beginning = literal_beginning(regex);
                if !self.regex_lengths.contains(&beginning.len()) {
                    self.regex_lengths.push(beginning.len());
                    self.regex_lengths.sort_unstable_by(|a, b| b.cmp(a));
                }
                let bucket = self.regex.entry(beginning.into()).or_default();
                bucket.push((regex.clone(), candidate));
                // The longer pattern says more.
                bucket.sort_by_key(|(regex, _)| std::cmp::Reverse(regex.as_str().len()));
            }
        }
    }

    /// The first candidate that `accepts`, in the order exact, regex (the longest literal
    /// beginning first), prefix (the longest first).
    pub(super) fn find(&self, path: &str, accepts: impl Fn(u32) -> bool) -> Option<u32> {
        let first = |candidates: &Candidates| candidates.iter().copied().find(|c| accepts(*c));
        if let Some(found) = self.exact.get(path).and_then(first) {
            return Some(found);
        }
        if let Some(found) = self.find_regex(path, &accepts) {
            return Some(found);
        }
        if self.prefix.is_empty() {
            return None;
        }
        let mut rest = path.strip_suffix('/').unwrap_or(path);
        loop {
            if let Some(found) = self.prefix.get(rest).and_then(first) {
                return Some(found);
            }
            rest = &rest[..rest.rfind('/')?];
        }
    }

    fn find_regex(&self, path: &str, accepts: impl Fn(u32) -> bool) -> Option<u32> {
        for length in &self.regex_lengths {
            let Some(bucket) = path.get(..*length).and_then(|start| self.regex.get(start)) else {
                continue;
            };
            let found = bucket.iter().find(|(regex, c)| accepts(*c) && regex.is_match(path));
            if let Some((_, candidate)) = found {
                return Some(*candidate);
            }
        }
        None
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

    fn regex(pattern: &str) -> PathMatch {
        PathMatch::Regex(Regex::new(&format!("^(?:{pattern})$")).expect("a sound pattern"))
    }

    #[test]
    fn the_most_specific_pattern_wins() {
        let mut index = PathIndex::default();
        let patterns = [
            PathMatch::Prefix(String::new()),
            PathMatch::Prefix("/a".into()),
            PathMatch::Prefix("/a/b".into()),
            PathMatch::Exact("/a/b".into()),
            regex("/a/[0-9]+"),
            regex("/x.*"),
        ];
        for (position, pattern) in patterns.iter().enumerate() {
            index.insert(pattern, u32::try_from(position).expect("few"));
        }
        let find = |path: &str| index.find(path, |_| true);
        assert_eq!(find("/a/b"), Some(3));
        assert_eq!(find("/a/b/"), Some(2));
        assert_eq!(find("/a/b/c"), Some(2));
        assert_eq!(find("/a/42"), Some(4));
        assert_eq!(find("/a/42x"), Some(1));
        assert_eq!(find("/ab"), Some(0));
        assert_eq!(find("/xyz"), Some(5));
        assert_eq!(find("/"), Some(0));
        assert_eq!(index.find("/a/b", |c| c != 3), Some(2));
    }

    #[test]
    fn a_regex_is_filed_under_its_beginning() {
        let beginning = |pattern: &str| match regex(pattern) {
            PathMatch::Regex(regex) => literal_beginning(&regex),
            _ => unreachable!("made as a regex"),
        };
        assert_eq!(beginning("/api/v[0-9]+/x"), "/api/v");
        assert_eq!(beginning("/a|/ab"), "/a");
        assert_eq!(beginning(".*"), "");
        assert_eq!(beginning("(?i)/api"), "/");
    }
}
