//! Text that is seen through on its way, piece by piece: what is found in it is masked.
//!
//! What is let out is certain: the same pieces cut elsewhere come out the same. What is found by
//! several things that are sought and overlaps is masked once. Held back is only what something may
//! still be found in.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Rules;
use super::sought::Seen;

/// What was let out is remembered this far back: patterns look at the letter before.
const LOOKED_BACK_AT: usize = 8;

/// Something was found that must not be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} was found", self.what)]
pub struct Found {
    /// What it was sought as: `keyword`, `pattern` or a kind of personal data. The text itself is
    /// not told to anybody.
    pub what: &'static str,
}

impl Found {
    /// A reply in which so much lies in each other that it is not gone through to its ground:
    /// nothing was found in it, and nothing was ruled out.
    pub const TOO_DEEP: Self = Self { what: "JSON that is nested too deeply" };
}

/// Sees through one text.
#[derive(Clone, Debug)]
pub struct Masker {
    rules: Arc<Rules>,
    /// What was let out last, and what is held back.
    text: String,
    /// Where what is held back begins.
    held_from: usize,
    /// Up to where each thing was sought.
    sought_to: SmallVec<[usize; 8]>,
    /// What was found and is not masked yet.
    found: Vec<Range<usize>>,
    has_masked: bool,
}

impl Masker {
    pub(super) fn new(rules: &Arc<Rules>) -> Self {
        Self {
            rules: Arc::clone(rules),
            text: String::new(),
            held_from: 0,
            sought_to: SmallVec::from_elem(0, rules.sought.len()),
            found: Vec::new(),
            has_masked: false,
        }
    }

    /// Takes the next piece and appends what may be let out.
    ///
    /// # Errors
    /// What was found, where that is to be refused. Nothing more may be let out then.
    pub fn push(&mut self, text: &str, out: &mut String) -> Result<(), Found> {
        self.text.push_str(text);
        self.see(false, out)
    }

    /// The text is at its end: appends the rest, and begins anew.
    ///
    /// # Errors
    /// As [`Masker::push`].
    pub fn finish(&mut self, out: &mut String) -> Result<(), Found> {
        let seen = self.see(true, out);
        self.text.clear();
        self.held_from = 0;
        self.sought_to.fill(0);
        self.found.clear();
        seen
    }

    /// Whether anything was masked since it was made.
    #[must_use]
    pub const fn has_masked(&self) -> bool {
        self.has_masked
    }

    /// Notes whether another one of the same rules has masked anything.
    pub(super) const fn join(&mut self, other: &Self) {
        self.has_masked |= other.has_masked;
    }

    /// Counts that what was masked is refused for it.
    pub(super) fn count_refused(&self) {
        if self.has_masked {
            self.rules.findings.add_refused();
        }
    }

    fn see(&mut self, is_whole: bool, out: &mut String) -> Result<(), Found> {
        for (sought, at) in self.rules.sought.iter().zip(&mut self.sought_to) {
            let seen = Seen { text: &self.text, from: *at, is_whole };
            *at = sought.seek(seen, &mut self.found);
            if self.rules.refuses && !self.found.is_empty() {
                self.rules.findings.add_refused();
                return Err(Found { what: sought.name() });
            }
        }
        let certain = self.sought_to.iter().copied().min().unwrap_or(self.text.len());
        self.let_out(if is_whole { self.text.len() } else { certain }, out);
        Ok(())
    }

    /// Lets out what is certain, masked.
    fn let_out(&mut self, certain: usize, out: &mut String) {
        self.found.sort_unstable_by_key(|range| range.start);
        let (mut from, mut to) = (self.held_from, certain);
        let (mut masked, mut places) = (0, 0);
        while let Some(range) = union_at(&self.found, masked) {
            if range.range.start >= certain {
                break;
            }
            if range.range.end > certain {
                // Something else may be found that goes on where this one ends.
                to = range.range.start;
                break;
            }
            out.push_str(&self.text[from..range.range.start]);
            out.push_str(&self.rules.mask);
            (from, masked) = (range.range.end, masked + range.count);
            places += 1;
        }
        if places > 0 {
            self.has_masked = true;
            self.rules.findings.add_masked(places);
        }
        self.found.drain(..masked);
        to = to.max(from);
        out.push_str(&self.text[from..to]);
        self.forget(to);
    }

    /// Forgets what was let out up to a place, but for what may be looked back at.
    fn forget(&mut self, let_out_to: usize) {
        let mut cut = let_out_to.saturating_sub(LOOKED_BACK_AT);
        while !self.text.is_char_boundary(cut) {
            cut -= 1;
        }
        self.text.drain(..cut);
        self.held_from = let_out_to - cut;
        for at in &mut self.sought_to {
            *at -= cut;
        }
        for range in &mut self.found {
            *range = range.start - cut..range.end - cut;
        }
    }
}

/// What was found from some place on and overlaps.
struct Union {
    range: Range<usize>,
    count: usize,
}

fn union_at(found: &[Range<usize>], first: usize) -> Option<Union> {
    let mut union = Union { range: found.get(first)?.clone(), count: 1 };
    for range in &found[first + 1..] {
        if range.start >= union.range.end {
            break;
        }
        union.range.end = union.range.end.max(range.end);
        union.count += 1;
    }
    Some(union)
}
