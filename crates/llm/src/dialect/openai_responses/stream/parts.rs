//! Which parts of the answer have begun, by where the provider told them.
//!
//! The end of a call waits for the next part: its signature may come in an item of its own.

use crate::chat::{ChatEvent, Delta, PartKind};
use crate::dialect::Emit;

/// The parts of an answer.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Vec<Begun>,
}

/// Where a part is told: the item, and what of it.
pub(super) type Place = (u64, Sort);

/// What of an item a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text(u64),
    Refusal(u64),
    Summary(u64),
    Thought(u64),
    Call,
    Whole,
}

/// A part that has begun.
#[derive(Debug)]
struct Begun {
    place: Place,
    part: u32,
    has_said: bool,
    /// Whether its item is complete.
    is_done: bool,
    is_ended: bool,
}

impl Parts {
    /// The open part at a place.
    pub(super) fn at(&self, place: Place) -> Option<u32> {
        self.find(|begun| begun.place == place && !begun.is_ended)
    }

    /// Where the open part of an item that reasons is.
    pub(super) fn thought_of(&self, output: u64) -> Option<Place> {
        let mut open = self.list.iter().rev().filter(|begun| !begun.is_ended);
        let is_thought = |place: Place| matches!(place.1, Sort::Summary(_) | Sort::Thought(_));
        open.find(|begun| begun.place.0 == output && is_thought(begun.place))
            .map(|begun| begun.place)
    }

    /// The last call, while its end waits.
    pub(super) fn last_call(&self) -> Option<u32> {
        self.find(|begun| begun.place.1 == Sort::Call && !begun.is_ended)
    }

    /// Whether anything was told at a place.
    pub(super) fn has_said(&self, place: Place) -> bool {
        self.list.iter().any(|begun| begun.place == place && begun.has_said)
    }

    /// Whether a part was told at such a place.
    pub(super) fn has(&self, is: impl Fn(Place) -> bool) -> bool {
        self.list.iter().any(|begun| is(begun.place))
    }

    /// Begins a part. Only calls may be open beside it, until they are complete.
    pub(super) fn begin(&mut self, place: Place, kind: PartKind<'_>, emit: &mut Emit<'_>) -> u32 {
        self.end(|begun| begun.place.1 != Sort::Call || begun.is_done, emit);
        let part = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(Begun { place, part, has_said: false, is_done: false, is_ended: false });
        emit(ChatEvent::PartStart { choice: 0, part, kind });
        part
    }

    /// Adds to a part.
    pub(super) fn add(&mut self, part: u32, delta: Delta<'_>, emit: &mut Emit<'_>) {
        if let Some(begun) = self.list.get_mut(part as usize) {
            begun.has_said = true;
            emit(ChatEvent::PartDelta { choice: 0, part, delta });
        }
    }

    /// An item is complete.
    pub(super) fn end_item(&mut self, output: u64, emit: &mut Emit<'_>) {
        for begun in self.list.iter_mut().filter(|begun| begun.place.0 == output) {
            begun.is_done = true;
        }
        self.end(|begun| begun.place.0 == output && begun.place.1 != Sort::Call, emit);
    }

    /// The answer is complete.
    pub(super) fn end_all(&mut self, emit: &mut Emit<'_>) {
        self.end(|_| true, emit);
    }

    fn end(&mut self, which: impl Fn(&Begun) -> bool, emit: &mut Emit<'_>) {
        for begun in self.list.iter_mut().filter(|begun| !begun.is_ended) {
            if which(begun) {
                begun.is_ended = true;
                emit(ChatEvent::PartEnd { choice: 0, part: begun.part });
            }
        }
    }

    fn find(&self, is: impl Fn(&Begun) -> bool) -> Option<u32> {
        self.list.iter().rev().find(|begun| is(begun)).map(|begun| begun.part)
    }
}
