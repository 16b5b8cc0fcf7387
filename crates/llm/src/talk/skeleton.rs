//! What is kept of a message while it passes: its JSON with the long strings cut short. Sound and
//! images are strings, and nobody here needs more of them than how long they were.

use crate::json::quote_at;
use crate::scan::{Scanned, Spellings, Watch};

/// So many bytes are kept of a string: types, ids, names of models and what they say of usage are
/// shorter.
const STRING_BYTES_MAX: usize = 256;
/// So many bytes are kept of a message. Large ones are settings with many tools, whose descriptions
/// are cut.
const SKELETON_BYTES_MAX: usize = 512 * 1024;

/// Nothing is looked for: only whether it is sound, and says no field twice.
static SOUND: Watch = Watch { members: &[], spellings: Spellings::One };

/// A message that is being read.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    text: Vec<u8>,
    /// Bytes of the message.
    bytes: u64,
    /// Bytes that are kept of the string that is being read; `None` between strings.
    kept: Option<usize>,
    /// Bytes of an escape that are still to come.
    escape: u8,
    /// Whether nothing more is kept of the string that is being read.
    is_cut: bool,
    is_too_large: bool,
}

/// A message that has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole<'m> {
    /// Its JSON, long strings cut; nothing where it is none.
    pub text: Option<&'m str>,
    /// How many bytes it had.
    pub bytes: u64,
}

impl Skeleton {
    /// Reads the next piece of the message.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        let mut at = 0;
        while at < piece.len() {
            at = match self.kept {
                // What is no string goes along as a whole.
                None => {
                    let end = piece[at..].iter().position(|byte| *byte == b'"');
                    let end = end.map_or(piece.len(), |end| at + end + 1);
                    self.keep(&piece[at..end]);
                    if piece[end - 1] == b'"' {
                        (self.kept, self.is_cut, self.escape) = (Some(0), false, 0);
                    }
                    end
                }
                Some(kept) => self.string(piece, at, kept),
            };
        }
    }

    /// Goes on in a string; where it goes on after that.
    fn string(&mut self, piece: &[u8], at: usize, kept: usize) -> usize {
        if self.is_cut && self.escape == 0 {
            let end = quote_at(piece, at);
            match piece.get(end) {
                Some(b'"') => {
                    self.keep(b"\"");
                    self.kept = None;
                }
                // What is escaped is one byte; the digits behind a `u` are no quotes.
                Some(_) => self.escape = 1,
                None => return piece.len(),
            }
            return end + 1;
        }
        let byte = piece[at];
        if self.escape > 0 {
            self.escape -= 1;
            if self.is_cut {
                return at + 1;
            }
            if self.escape == 0 && byte == b'u' && self.text.last() == Some(&b'\\') {
                self.escape = 4;
            }
            self.keep(&[byte]);
            self.kept = Some(kept + 1);
            return at + 1;
        }
        match byte {
            b'"' => {
                self.keep(b"\"");
                self.kept = None;
            }
            // Not within a character.
            _ if kept >= STRING_BYTES_MAX && byte & 0xc0 != 0x80 => {
                self.is_cut = true;
                return at;
            }
            _ => {
                self.escape = u8::from(byte == b'\\');
                self.keep(&[byte]);
                self.kept = Some(kept + 1);
            }
        }
        at + 1
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.text.len() + bytes.len() > SKELETON_BYTES_MAX {
            self.is_too_large = true;
            return;
        }
        self.text.extend_from_slice(bytes);
    }

    /// The message, which is over.
    pub(super) fn whole(&self) -> Whole<'_> {
        let text = std::str::from_utf8(&self.text).ok().filter(|_| !self.is_too_large);
        let text = text.filter(|text| Scanned::whole(text.as_bytes(), &SOUND).is_ok());
        Whole { text, bytes: self.bytes }
    }

    /// Forgets it.
    pub(super) fn clear(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.shrink_to(16 * 1024);
        *self = Self { text, ..Self::default() };
    }
}
