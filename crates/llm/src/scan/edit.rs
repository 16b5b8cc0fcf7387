//! Changing a few bytes of a body while all others go on as they came.
//!
//! Edits name ranges of the body that was scanned; nothing here looks at JSON again.

use std::ops::Range;

use architrave_wire::edit::Edits;
pub use architrave_wire::edit::{Edit, Piece};

use super::{Member, Scanned, Watch, Watched};
use crate::json::Writer;

/// Edits of one body, in order, none overlapping another.
#[derive(Debug, Default)]
pub struct Splice {
    edits: Edits,
}

impl Splice {
    /// No edits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an edit. A range that overlaps an earlier one is ignored, as the first one to ask wins.
    pub fn edit(&mut self, range: Range<usize>, bytes: Vec<u8>) {
        self.edits.edit(range, bytes);
    }

    /// Makes a watched member say a string; it is put in where the body does not say it.
    pub fn set_text(&mut self, scanned: &Scanned, watch: &Watch, means: Watched, text: &str) {
        let mut value = Vec::with_capacity(text.len() + 2);
        Writer::new(&mut value).text(text);
        self.set(scanned, watch, means, value);
    }

    /// Makes a watched member say a JSON value; it is put in where the body does not say it, with
    /// the object that it stands in where that is missing, too.
    pub fn set(&mut self, scanned: &Scanned, watch: &Watch, means: Watched, value: Vec<u8>) {
        if let Some(span) = scanned.span(means) {
            self.edit(span, value);
            return;
        }
        let Some(member) = watch.member(means) else { return };
        match member.within {
            None => self.put_in(scanned.open_at, scanned.is_empty, member, &value),
            Some(holder) => match scanned.span(holder) {
                // What is there may be `null` or have fields; both are replaced or led by ours.
                Some(span) if scanned.is_hollow(holder) || span.len() <= NULL_LENGTH => {
                    self.edit(span, object_of(member, &value));
                }
                Some(span) => self.put_in(span.start + 1, false, member, &value),
                None => self.set(scanned, watch, holder, object_of(member, &value)),
            },
        }
    }

    /// Calls a watched member by the name of another one of the same level.
    pub fn rename(&mut self, scanned: &Scanned, watch: &Watch, from: Watched, to: Watched) {
        if let (Some(name), Some(member)) = (scanned.name(from), watch.member(to)) {
            self.edit(name, format!("\"{}\"", member.name).into_bytes());
        }
    }

    /// Takes watched members out, each with the comma that parts it from the next one or from the
    /// one before, and whatever was to be edited in them; `body` is what was scanned. The last edit
    /// of a body, as it must know the others.
    pub fn take_out(&mut self, scanned: &Scanned, body: &[u8], members: &[Watched]) {
        let whole =
            |&member: &Watched| Some(scanned.name(member)?.start..scanned.span(member)?.end);
        let mut wholes: Vec<Range<usize>> = members.iter().filter_map(whole).collect();
        wholes.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(wholes.len());
        for Range { start, end } in wholes {
            // What stands side by side goes in one piece.
            let before = ranges.pop_if(|range| blank_from(body, range.end) == start);
            let start = before.map_or(start, |range| range.start);
            let next = blank_from(body, end);
            if body.get(next) == Some(&b',') {
                ranges.push(start..next + 1);
                continue;
            }
            // It is the last of its object: the comma before it goes, of the body or of an edit.
            let text = body[..start].trim_ascii_end();
            match text.last() {
                Some(b',') => ranges.push(text.len() - 1..end),
                _ => {
                    self.end_object_after(text.len());
                    ranges.push(start..end);
                }
            }
        }
        for range in ranges {
            self.edits.forget_within(&range);
            self.edit(range, Vec::new());
        }
    }

    /// Takes the comma away behind what was put in at the beginning of an object.
    fn end_object_after(&mut self, bracket: usize) {
        if let Some(edit) = self.edits.put_in_at(bracket) {
            edit.bytes.pop_if(|last| *last == b',');
        }
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edited body piece by piece, `length` being that of the body as it came.
    pub fn pieces(&self, length: usize) -> impl Iterator<Item = Piece<'_>> {
        self.edits.pieces(length)
    }

    /// The edited body in one buffer.
    #[must_use]
    pub fn apply(&self, body: &[u8]) -> Vec<u8> {
        self.edits.apply(body)
    }

    fn put_in(&mut self, at: usize, is_alone: bool, member: &Member, value: &[u8]) {
        let mut bytes = Vec::with_capacity(member.name.len() + value.len() + 4);
        bytes.push(b'"');
        bytes.extend_from_slice(member.name.as_bytes());
        bytes.extend_from_slice(b"\":");
        bytes.extend_from_slice(value);
        if !is_alone {
            bytes.push(b',');
        } else if let Some(before) = self.edits.put_in_at(at) {
            before.bytes.push(b',');
        }
        self.edit(at..at, bytes);
    }
}

/// As long as `null`: no object with a field is that short.
const NULL_LENGTH: usize = 4;

/// Where what is not blank goes on.
fn blank_from(body: &[u8], at: usize) -> usize {
    body.len() - body[at..].trim_ascii_start().len()
}

/// `{"name":value}`
fn object_of(member: &Member, value: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{{\"{}\":", member.name).into_bytes();
    bytes.extend_from_slice(value);
    bytes.push(b'}');
    bytes
}
