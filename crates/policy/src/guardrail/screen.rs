//! A text seen through by several guardrails, one after the other.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Rules;
use super::masker::{Found, Masker};

/// Sees through one text for several guardrails: each gets what the one before lets out.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    maskers: SmallVec<[Masker; 2]>,
    /// What goes from one to the next.
    between: [String; 2],
}

impl Screen {
    pub(super) fn new(rules: &[Arc<Rules>]) -> Self {
        Self { maskers: rules.iter().map(Masker::new).collect(), between: Default::default() }
    }

    pub(super) fn push(&mut self, text: &str, out: &mut String) -> Result<(), Found> {
        self.pass(text, false, out)
    }

    pub(super) fn finish(&mut self, out: &mut String) -> Result<(), Found> {
        self.pass("", true, out)
    }

    /// One text that is there as a whole; `None` where it may stay as it is.
    pub(super) fn whole(&mut self, text: &str) -> Result<Option<String>, Found> {
        let mut out = String::with_capacity(text.len());
        self.push(text, &mut out)?;
        self.finish(&mut out)?;
        Ok((out != text).then_some(out))
    }

    pub(super) fn has_masked(&self) -> bool {
        self.maskers.iter().any(Masker::has_masked)
    }

    /// Notes what another one of the same guardrails has masked.
    pub(super) fn join(&mut self, other: &Self) {
        self.maskers.iter_mut().zip(&other.maskers).for_each(|(mine, other)| mine.join(other));
    }

    /// Counts, at each guardrail that has masked anything, that it is refused.
    pub(super) fn count_refused(&self) {
        self.maskers.iter().for_each(Masker::count_refused);
    }

    fn pass(&mut self, text: &str, is_end: bool, out: &mut String) -> Result<(), Found> {
        let Self { maskers, between: [incoming, outgoing] } = self;
        incoming.clear();
        incoming.push_str(text);
        for masker in maskers {
            outgoing.clear();
            masker.push(incoming, outgoing)?;
            if is_end {
                masker.finish(outgoing)?;
            }
            std::mem::swap(incoming, outgoing);
        }
        out.push_str(incoming);
        Ok(())
    }
}
