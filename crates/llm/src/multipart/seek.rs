//! Finding delimiters in a stream cut anywhere.
//!
//! A delimiter is CRLF, two dashes, and the boundary. It is looked for from its LF on, which
//! stands nowhere else in it: so a mismatch never has to go back.

/// A search under way.
#[derive(Debug, Clone)]
pub(super) struct Seek {
    /// From the LF on.
    needle: Vec<u8>,
    matched: usize,
    before: Before,
    /// Whether the byte that was looked at last is a CR.
    is_cr: bool,
}

/// What stands before the LF that was matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Cr,
    Other,
    /// The CRLF is that of an empty line before.
    Shared,
}

/// A delimiter that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// With its CRLF.
    Whole,
    /// With LF alone.
    WithoutCr,
    /// Right behind the head of a part, whose empty line would be its CRLF.
    Shared,
}

impl Seek {
    /// A search for that boundary.
    pub(super) fn new(boundary: &str) -> Self {
        let needle = format!("\n--{boundary}").into_bytes();
        Self { needle, matched: 0, before: Before::Other, is_cr: false }
    }

    /// A delimiter without its CRLF, as the first one is.
    pub(super) fn delimiter(&self) -> &[u8] {
        &self.needle[1..]
    }

    /// Goes on behind the head of a part.
    pub(super) fn restart(&mut self) {
        (self.matched, self.before, self.is_cr) = (1, Before::Shared, false);
    }

    /// The length of a delimiter with its CRLF.
    pub(super) fn length(&self) -> usize {
        self.needle.len() + 1
    }

    /// Looks at bytes up to behind a delimiter: how many were taken, and whether there is one.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (usize, Option<Found>) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.matched == 0 && byte != b'\n' {
                let next = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |to| at + to);
                self.is_cr = bytes[next - 1] == b'\r';
                at = next;
                continue;
            }
            at += 1;
            if byte == self.needle[self.matched] {
                if self.matched == 0 {
                    self.before = if self.is_cr { Before::Cr } else { Before::Other };
                }
                self.matched += 1;
            } else if byte == b'\n' {
                self.before = if self.is_cr { Before::Cr } else { Before::Other };
                self.matched = 1;
            } else {
                self.matched = 0;
            }
            self.is_cr = byte == b'\r';
            if self.matched == self.needle.len() {
                self.matched = 0;
                let found = match self.before {
                    Before::Cr => Found::Whole,
                    Before::Other => Found::WithoutCr,
                    Before::Shared => Found::Shared,
                };
                return (at, Some(found));
            }
        }
        (at, None)
    }
}
