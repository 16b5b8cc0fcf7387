//! A message of JSON-RPC, read once and strictly, and kept as the bytes that it came as.
//!
//! What is known of it are places: whoever authorises reads the bytes at a place, and the same bytes
//! go on. Nothing is made of it that would have to be written again, so nothing can be lost, and no
//! two readers can see different things in it ([ADR 27](../../../docs/adr/0032-own-envelope-for-mcp.md)).

mod batch;
mod check;
mod part;
mod read;
mod rewrite;

use std::borrow::Cow;
use std::ops::Range;

use architrave_wire::json::{Cursor, Kind};

use crate::method::Method;

pub use batch::{BATCH_MAX, Body, Entry};
pub use part::{Level, Part};
pub use read::{MessageLimits, Unread};
pub use rewrite::Rewrite;

/// What sort of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Something is asked.
    Request,
    /// Something is told.
    Notification,
    /// Something is answered.
    Response,
    /// It is answered that something failed.
    Failure,
}

/// Where a member lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    name: (u32, u32),
    value: (u32, u32),
    kind: Kind,
}

/// What is known of an object that is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Opened {
    /// Behind its opening bracket.
    at: u32,
    /// How many members it has.
    members: u32,
}

/// What was found in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    kind: MessageKind,
    method: Option<Method>,
    has_case_twins: bool,
    found: Box<Found>,
}

/// Boxed: a message is handed on many times.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    places: [Option<Place>; Part::COUNT],
    levels: [Option<Opened>; Level::COUNT],
}

impl Message {
    /// What sort of message it is.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The method, where it is one that some revision has.
    #[must_use]
    pub const fn method(&self) -> Option<Method> {
        self.method
    }

    /// The method as it is said, known or not; `text` is what was read, here and in what follows.
    #[must_use]
    pub fn method_text<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        self.text(Part::Method, text)
    }

    /// The id as it is said, with its quotes where it is a string.
    #[must_use]
    pub fn id<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.raw(Part::Id, text).filter(|id| *id != "null")
    }

    /// Whether two names in one object of it differ in nothing but the case of their letters.
    /// Among the arguments of a tool they may; a rule that judges arguments must not let them pass.
    #[must_use]
    pub const fn has_case_twins(&self) -> bool {
        self.has_case_twins
    }

    /// Whether it says a member at all.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.place(part).is_some()
    }

    /// Whether it says a member that is an object.
    #[must_use]
    pub fn has_object(&self, part: Part) -> bool {
        self.place(part).is_some_and(|place| place.kind == Kind::Object)
    }

    /// Whether it says a member that is an array.
    #[must_use]
    pub fn has_array(&self, part: Part) -> bool {
        self.place(part).is_some_and(|place| place.kind == Kind::Array)
    }

    /// Where the value of a member lies.
    #[must_use]
    pub fn span(&self, part: Part) -> Option<Range<usize>> {
        self.place(part).map(|place| range(place.value))
    }

    /// The JSON of a member.
    #[must_use]
    pub fn raw<'t>(&self, part: Part, text: &'t str) -> Option<&'t str> {
        text.get(self.span(part)?)
    }

    /// What a member says, where it is a string.
    #[must_use]
    pub fn text<'t>(&self, part: Part, text: &'t str) -> Option<Cow<'t, str>> {
        self.place(part).filter(|place| place.kind == Kind::Text)?;
        Cursor::new(self.raw(part, text)?).text().ok()
    }

    /// What a member says, where it is a whole number of at least 0.
    #[must_use]
    pub fn count(&self, part: Part, text: &str) -> Option<u64> {
        self.raw(part, text)?.parse().ok()
    }

    /// Whether a member says `true`.
    #[must_use]
    pub fn is_true(&self, part: Part, text: &str) -> bool {
        self.raw(part, text) == Some("true")
    }

    /// Edits of it, to begin with.
    #[must_use]
    pub fn rewrite(&self) -> Rewrite<'_> {
        Rewrite::new(self)
    }

    fn place(&self, part: Part) -> Option<Place> {
        self.found.places[part as usize]
    }

    fn opened(&self, level: Level) -> Option<Opened> {
        self.found.levels[level as usize]
    }
}

fn range((from, to): (u32, u32)) -> Range<usize> {
    from as usize..to as usize
}

#[cfg(test)]
mod tests;
