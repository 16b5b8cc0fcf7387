//! Changing a few bytes of a text while all others go on as they came.
//!
//! Edits name ranges of the text that was read; nothing here looks at what it says.

use std::ops::Range;

/// Other bytes in the place of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, as offsets into the text; an empty range puts in.
    pub range: Range<usize>,
    /// What comes there.
    pub bytes: Vec<u8>,
}

/// A piece of an edited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'e> {
    /// This range of the text as it came.
    Kept(Range<usize>),
    /// Bytes of an edit.
    New(&'e [u8]),
}

/// Edits of one text, in order, none overlapping another.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    edits: Vec<Edit>,
}

impl Edits {
    /// No edits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an edit. A range that overlaps an earlier one is ignored, as the first one to ask wins.
    pub fn edit(&mut self, range: Range<usize>, bytes: Vec<u8>) {
        let place = self.edits.partition_point(|edit| edit.range.start <= range.start);
        let after = self.edits.get(place).is_none_or(|next| range.end <= next.range.start);
        let before = place == 0 || self.edits[place - 1].range.end <= range.start;
        if after && before {
            self.edits.insert(place, Edit { range, bytes });
        }
    }

    /// Forgets the edits that touch a range.
    pub fn forget_within(&mut self, range: &Range<usize>) {
        self.edits.retain(|edit| edit.range.end <= range.start || edit.range.start >= range.end);
    }

    /// The last edit that puts in at this place.
    pub fn put_in_at(&mut self, at: usize) -> Option<&mut Edit> {
        self.edits.iter_mut().rfind(|edit| edit.range == (at..at))
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edited text piece by piece, `length` being that of the text as it came.
    pub fn pieces(&self, length: usize) -> impl Iterator<Item = Piece<'_>> {
        let mut from = 0;
        let edited = self.edits.iter().flat_map(move |edit| {
            let kept = Piece::Kept(from..edit.range.start);
            from = edit.range.end;
            [kept, Piece::New(&edit.bytes)]
        });
        let rest = self.edits.last().map_or(0, |edit| edit.range.end);
        edited.chain(std::iter::once(Piece::Kept(rest..length))).filter(|piece| match piece {
            Piece::Kept(range) => !range.is_empty(),
            Piece::New(bytes) => !bytes.is_empty(),
        })
    }

    /// The edited text in one buffer.
    #[must_use]
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let added: usize = self.edits.iter().map(|edit| edit.bytes.len()).sum();
        let mut out = Vec::with_capacity(text.len() + added);
        for piece in self.pieces(text.len()) {
            match piece {
                Piece::Kept(range) => out.extend_from_slice(&text[range]),
                Piece::New(bytes) => out.extend_from_slice(bytes),
            }
        }
        out
    }
}
