//! One look at a body as it arrives: is it sound JSON, where is what policies need, how much text
//! is in it. No tree is made and nothing is copied but field names cut by a chunk's border.
//!
//! It does not judge a dialect's rules: the provider does. It holds what the whole gateway rests
//! on: that two readers of this body see the same thing, hence no doubled names and bounded depth.

mod edit;
mod kept;
mod limit;
mod machine;
mod needs;
mod rewrite;
mod sizes;
mod spelling;
mod twins;
mod watch;

use std::ops::Range;

use thiserror::Error;

use crate::catalog::Abilities;

pub use edit::{Edit, Piece, Splice};
pub(crate) use limit::at_least;
pub use machine::Scan;
pub use rewrite::{MemberEdit, rewrite};
pub use sizes::TextSizes;
pub use spelling::Spellings;
pub use watch::{Member, Watch, Watched};

/// What a body may be at most.
#[derive(Debug, Clone, Copy)]
pub struct ScanLimits {
    /// How deep arrays and objects may lie in each other. Schemas of tools reach 20; no client was
    /// seen beyond 40.
    pub depth_max: usize,
    /// How many fields one object may have.
    pub fields_max: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { depth_max: 128, fields_max: 16_384 }
    }
}

/// Why a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScanError {
    /// The body is no JSON.
    #[error("the body is not JSON: {why} at byte {at}")]
    Syntax {
        /// Offset in bytes.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// The body is JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// Arrays and objects lie too deep in each other.
    #[error("the body is nested deeper than {max} at byte {at}")]
    TooDeep {
        /// Offset in bytes.
        at: usize,
        /// What is allowed.
        max: usize,
    },
    /// An object says a field twice.
    #[error("a field is said twice in one object at byte {at}")]
    DoubledField {
        /// Offset in bytes of the end of the second name.
        at: usize,
    },
    /// An object has too many fields.
    #[error("an object has more than {max} fields at byte {at}")]
    TooManyFields {
        /// Offset in bytes.
        at: usize,
        /// What is allowed.
        max: usize,
    },
    /// The body ended before the JSON did.
    #[error("the body ends before its JSON does")]
    Unfinished,
}

/// What was found in a whole body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Boxed: what was found is handed on many times.
    places: Box<Places>,
    /// Those of the watched members that are objects without a field, as bits.
    hollow: u32,
    /// Behind the opening bracket of the body: where a field may be put in.
    pub open_at: usize,
    /// Whether the body has no field at all.
    pub is_empty: bool,
    /// Those fields of OpenAI's chat that are there in newer or in older words, as bits.
    twins: u8,
    /// How much text, and of what sort.
    pub sizes: TextSizes,
    /// Whether it may name something that lives at a provider; else it does not.
    pub may_name_kept: bool,
    /// What a model must be able to do to answer it.
    pub needs: Abilities,
    /// Whether it may ask for an answer in sound or images, or for its prompt to be kept for an
    /// hour, in whatever dialect; else it does not.
    pub is_dear: bool,
    /// Whether a tool is offered that searches the web at the provider, in whatever dialect.
    pub offers_search: bool,
}

/// Where the watched members lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places {
    spans: [Option<Range<usize>>; Watched::COUNT],
    names: [Range<usize>; Watched::COUNT],
}

impl Scanned {
    /// Scans a body that is there as a whole.
    ///
    /// # Errors
    /// Why the body is refused.
    pub fn whole(body: &[u8], watch: &'static Watch) -> Result<Self, ScanError> {
        let mut scan = Scan::new(watch, ScanLimits::default());
        scan.push(body)?;
        scan.finish()
    }

    /// Where the value of a watched member lies in the body.
    #[must_use]
    pub fn span(&self, watched: Watched) -> Option<Range<usize>> {
        self.places.spans[watched as usize].clone()
    }

    /// Where the name of a watched member lies, with its quotes.
    #[must_use]
    pub fn name(&self, watched: Watched) -> Option<Range<usize>> {
        self.span(watched).map(|_value| self.places.names[watched as usize].clone())
    }

    /// Whether a watched member says anything but `null`.
    #[must_use]
    pub fn says(&self, watched: Watched, body: &[u8]) -> bool {
        self.raw(watched, body).is_some_and(|value| value != "null")
    }

    /// The raw JSON of a watched member; `body` is what was scanned.
    #[must_use]
    pub fn raw<'b>(&self, watched: Watched, body: &'b [u8]) -> Option<&'b str> {
        std::str::from_utf8(body.get(self.span(watched)?)?).ok()
    }

    /// The string that a watched member says, where it says one.
    #[must_use]
    pub fn text<'b>(&self, watched: Watched, body: &'b [u8]) -> Option<crate::chat::Text<'b>> {
        crate::json::Cursor::new(self.raw(watched, body)?).text().ok()
    }

    /// The number that a watched member says, where it says one, in whatever way: `50`, `50.0`,
    /// `5e1` and `"50"` are taken for the same by one provider or another. Rounded up.
    #[must_use]
    pub fn count(&self, watched: Watched, body: &[u8]) -> Option<u64> {
        let raw = self.raw(watched, body)?;
        let text = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        limit::at_least(text.unwrap_or(raw))
    }

    /// Whether a watched member says `true`.
    #[must_use]
    pub fn is_true(&self, watched: Watched, body: &[u8]) -> bool {
        self.raw(watched, body) == Some("true")
    }

    const fn is_hollow(&self, watched: Watched) -> bool {
        self.hollow >> watched as u32 & 1 == 1
    }

    fn set(&mut self, watched: Watched, span: Range<usize>) {
        self.places.spans[watched as usize] = Some(span);
    }
}

#[cfg(test)]
mod tests;
