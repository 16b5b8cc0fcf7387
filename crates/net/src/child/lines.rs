//! Lines in the bytes that a child writes. Pure: bytes in, lines out.

use bytes::{Bytes, BytesMut};

/// What was heard of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its end. It may be anything.
    Line(Bytes),
    /// A line that is longer than may be; it is lost.
    TooLong,
    /// The beginning of a line, and then nothing more; it is lost.
    CutOff,
}

impl Heard {
    /// How many bytes it holds.
    pub(super) const fn bytes(&self) -> usize {
        match self {
            Self::Line(line) => line.len(),
            Self::TooLong | Self::CutOff => 0,
        }
    }
}

/// Finds lines.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// How much of the buffer has no end of a line.
    searched: usize,
    bytes_max: usize,
    is_skipping: bool,
}

impl Lines {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, bytes_max, is_skipping: false }
    }

    /// Where bytes go that are read next.
    pub(super) const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next line, if the buffer has all of it.
    pub(super) fn next(&mut self) -> Option<Heard> {
        loop {
            let found = memchr::memchr(b'\n', &self.buffer[self.searched..]);
            let Some(end) = found.map(|found| self.searched + found) else {
                self.searched = self.buffer.len();
                // One more may be the `\r` before its end.
                if self.is_skipping {
                    self.forget();
                } else if self.buffer.len() > self.bytes_max + 1 {
                    self.is_skipping = true;
                    self.forget();
                    return Some(Heard::TooLong);
                }
                return None;
            };
            let mut line = self.buffer.split_to(end + 1);
            self.searched = 0;
            if std::mem::take(&mut self.is_skipping) {
                continue;
            }
            line.truncate(end);
            if line.last() == Some(&b'\r') {
                line.truncate(end - 1);
            }
            match line.len() {
                0 => {}
                length if length > self.bytes_max => return Some(Heard::TooLong),
                _ => return Some(Heard::Line(line.freeze())),
            }
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&self) -> Option<Heard> {
        (!self.buffer.is_empty()).then_some(Heard::CutOff)
    }

    fn forget(&mut self) {
        // Its memory too: it was a long line.
        self.buffer = BytesMut::new();
        self.searched = 0;
    }
}

/// A message of JSON in one line: ends of lines are blanks there, outside of strings, and no string
/// has one.
pub(super) fn in_a_line(message: Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', &message).is_none() {
        return message;
    }
    let mut line = message.to_vec();
    line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8], cut: usize) -> Vec<String> {
        let mut lines = Lines::new(8);
        let mut told = Vec::new();
        for piece in bytes.chunks(cut) {
            lines.buffer().extend_from_slice(piece);
            while let Some(heard) = lines.next() {
                told.push(match heard {
                    Heard::Line(line) => String::from_utf8_lossy(&line).into_owned(),
                    other => format!("{other:?}"),
                });
            }
        }
        told.extend(lines.end().map(|heard| format!("{heard:?}")));
        told
    }

    #[test]
    fn lines_are_found_however_they_are_cut() {
        let text = b"{}\n\n\r\n{\"a\":1}\r\n12345678\n123456789\n1234567890123456789012\nb\nhal";
        for cut in 1..text.len() {
            assert_eq!(
                told(text, cut),
                ["{}", "{\"a\":1}", "12345678", "TooLong", "TooLong", "b", "CutOff"],
                "{cut}"
            );
        }
        assert!(told(b"", 1).is_empty());
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let mut lines = Lines::new(8);
        for _ in 0..1000 {
            lines.buffer().extend_from_slice(&[b'x'; 1000]);
            let _told = lines.next();
            assert!(lines.buffer().capacity() <= 2000);
        }
    }

    #[test]
    fn a_message_is_one_line_and_says_the_same() {
        let message = Bytes::from_static(b"{\r\n \"a\": \"b\\n\"\n}");
        assert_eq!(&in_a_line(message)[..], b"{   \"a\": \"b\\n\" }");
        assert_eq!(&in_a_line(Bytes::from_static(b"{}"))[..], b"{}");
    }
}
