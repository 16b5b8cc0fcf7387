//! Changing a few members of a message while all its other bytes go on as they came.
//!
//! Commas are counted, not looked for: of each object it is known how many members it has, how many
//! go and how many come.

use std::ops::Range;

use architrave_wire::edit::Edits;
use architrave_wire::json::Writer;
use smallvec::SmallVec;

use super::{Level, Message, Part, Place, range};

/// Changes of one message. Of two to one member the last one counts.
#[derive(Debug, Clone)]
pub struct Rewrite<'m> {
    message: &'m Message,
    changes: SmallVec<[(Part, Change); 4]>,
}

#[derive(Debug, Clone)]
enum Change {
    Say(Vec<u8>),
    TakeOut,
}

impl<'m> Rewrite<'m> {
    pub(super) fn new(message: &'m Message) -> Self {
        Self { message, changes: SmallVec::new() }
    }

    /// Makes a member say a string; it is put in where it is not there, with the objects around it.
    pub fn text(&mut self, part: Part, text: &str) -> &mut Self {
        let mut value = Vec::with_capacity(text.len() + 2);
        Writer::new(&mut value).text(text);
        self.json(part, value)
    }

    /// Makes a member say one JSON value.
    pub fn json(&mut self, part: Part, value: impl Into<Vec<u8>>) -> &mut Self {
        self.change(part, Change::Say(value.into()))
    }

    /// Takes a member out.
    pub fn take_out(&mut self, part: Part) -> &mut Self {
        self.change(part, Change::TakeOut)
    }

    fn change(&mut self, part: Part, change: Change) -> &mut Self {
        self.changes.retain(|(other, _)| *other != part);
        self.changes.push((part, change));
        self
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The edits that it comes to; `text` is what was read.
    #[must_use]
    pub fn edits(&self, text: &str) -> Edits {
        let mut edits = Edits::new();
        let mut changes = self.changes.clone();
        // From the inside out: what an object that is not there is to say becomes a change of the
        // one around it.
        for level in Level::ALL.into_iter().rev() {
            let (own, others): (SmallVec<[_; 4]>, _) =
                changes.into_iter().partition(|(part, _)| part.level() == level);
            changes = others;
            if own.is_empty() {
                continue;
            }
            match (self.message.opened(level), level.holder()) {
                (Some(opened), holder) => {
                    let is_replaced = holder
                        .is_some_and(|holder| changes.iter().any(|(part, _)| *part == holder));
                    // Whoever says the whole of it means that.
                    if !is_replaced {
                        self.edit(text, (opened.at as usize, opened.members), &own, &mut edits);
                    }
                }
                (None, Some(holder)) => {
                    if let Some(object) = object_of(&own)
                        && !changes.iter().any(|(part, _)| *part == holder)
                    {
                        changes.push((holder, Change::Say(object)));
                    }
                }
                (None, None) => {}
            }
        }
        edits
    }

    /// The message with its changes.
    #[must_use]
    pub fn apply(&self, text: &str) -> Vec<u8> {
        self.edits(text).apply(text.as_bytes())
    }

    /// Edits one object.
    fn edit(
        &self,
        text: &str,
        (open_at, members): (usize, u32),
        changes: &[(Part, Change)],
        edits: &mut Edits,
    ) {
        let mut come: Vec<u8> = Vec::new();
        let mut go: Vec<Range<usize>> = Vec::new();
        for (part, change) in changes {
            match (self.message.place(*part), change) {
                (Some(place), Change::Say(value)) => edits.edit(range(place.value), value.clone()),
                (Some(place), Change::TakeOut) => go.push(whole(place)),
                (None, Change::Say(value)) => {
                    if !come.is_empty() {
                        come.push(b',');
                    }
                    member(&mut come, *part, value);
                }
                (None, Change::TakeOut) => {}
            }
        }
        let stay = members as usize - go.len();
        // First, as what goes may begin at the same place.
        if !come.is_empty() {
            if stay > 0 {
                come.push(b',');
            }
            edits.edit(open_at..open_at, come);
        }
        take_out(text, go, edits);
    }
}

/// Takes members of one object out, with the commas that part them from those that stay.
fn take_out(text: &str, mut go: Vec<Range<usize>>, edits: &mut Edits) {
    let bytes = text.as_bytes();
    let after = |at: usize| bytes.len() - bytes[at..].trim_ascii_start().len();
    go.sort_unstable_by_key(|range| range.start);
    let mut runs: Vec<Range<usize>> = Vec::with_capacity(go.len());
    for Range { start, end } in go {
        let next = after(end);
        let end = if bytes.get(next) == Some(&b',') { next + 1 } else { end };
        match runs.last_mut().filter(|run| after(run.end) == start) {
            Some(run) => run.end = end,
            None => runs.push(start..end),
        }
    }
    for run in runs {
        let is_last = bytes.get(after(run.end)) == Some(&b'}');
        let before = bytes[..run.start].trim_ascii_end();
        // The last ones take the comma before them along.
        let start =
            if is_last && before.last() == Some(&b',') { before.len() - 1 } else { run.start };
        edits.edit(start..run.end, Vec::new());
    }
}

/// Name and value.
fn whole(place: Place) -> Range<usize> {
    place.name.0 as usize..place.value.1 as usize
}

fn member(out: &mut Vec<u8>, part: Part, value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(part.name().as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

/// The object of what is to be said; none where nothing is.
fn object_of(changes: &[(Part, Change)]) -> Option<Vec<u8>> {
    let mut object = vec![b'{'];
    for (part, change) in changes {
        if let Change::Say(value) = change {
            if object.len() > 1 {
                object.push(b',');
            }
            member(&mut object, *part, value);
        }
    }
    object.push(b'}');
    (object.len() > 2).then_some(object)
}
