//! One thing that is looked for, and how it is looked for in a text that is still coming.
//!
//! Whoever looks says what is certain whatever comes next, so that a text found in pieces is the
//! text found whole.

use std::ops::Range;

use super::keywords::Keywords;
use super::pattern::Pattern;

/// What is looked for.
#[derive(Debug)]
pub(super) enum Sought {
    /// Words and phrases.
    Keywords(Keywords),
    /// A pattern, of the operator or of personal data.
    Pattern(Box<Pattern>),
}

/// A text that is looked through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'t> {
    /// What there is of it.
    pub(super) text: &'t str,
    /// From where on it is looked through. What stands before is looked back at, and nothing else.
    pub(super) from: usize,
    /// Whether it goes no further.
    pub(super) is_whole: bool,
}

impl Sought {
    /// What it is called in logs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Keywords(_) => "keyword",
            Self::Pattern(pattern) => pattern.name(),
        }
    }

    /// Adds what is found, wherever the text goes on, none overlapping another. From the place that
    /// it gives on, nothing is certain yet; it is the end of the text where nothing is in the
    /// making.
    pub(super) fn seek(&self, seen: Seen<'_>, found: &mut Vec<Range<usize>>) -> usize {
        match self {
            Self::Keywords(keywords) => keywords.seek(seen, found),
            Self::Pattern(pattern) => pattern.seek(seen, found),
        }
    }
}
