//! Server-sent events, read as the HTML standard has them: any line end, comments, data in several
//! lines, a byte order mark. Ids and retry times are not for us.

use super::{EachFrame, FRAME_BYTES_MAX, FrameError, give};

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads server-sent events.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The line that has not ended yet.
    line: Vec<u8>,
    name: String,
    data: Vec<u8>,
    has_data: bool,
    /// A line ended with CR; a LF that comes next belongs to it.
    after_cr: bool,
    has_begun: bool,
    /// The event is too large: it is skipped to its end.
    is_skipping: bool,
}

impl Reader {
    pub(super) fn push(&mut self, mut bytes: &[u8], each: &mut EachFrame<'_>) {
        if self.after_cr && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.after_cr = false;
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) {
            let is_cr = bytes[at] == b'\r';
            if self.line.is_empty() {
                self.take_line(&bytes[..at], each);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&bytes[..at]);
                self.take_line(&line, each);
                line.clear();
                self.line = line;
            }
            bytes = &bytes[at + 1..];
            if is_cr {
                self.after_cr = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        if self.line.len() + bytes.len() > FRAME_BYTES_MAX {
            self.is_skipping = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    pub(super) fn end(&mut self, each: &mut EachFrame<'_>) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, each);
        }
        self.event(each);
    }

    fn take_line(&mut self, line: &[u8], each: &mut EachFrame<'_>) {
        let line = if self.has_begun { line } else { line.strip_prefix(MARK).unwrap_or(line) };
        self.has_begun = true;
        if line.is_empty() {
            return self.event(each);
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" if self.data.len() + value.len() > FRAME_BYTES_MAX => self.is_skipping = true,
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            // A comment (its name is empty), an id, a retry time, or a word of the future.
            _ => {}
        }
    }

    fn event(&mut self, each: &mut EachFrame<'_>) {
        if self.is_skipping {
            each(Err(FrameError::TooLarge));
        } else if self.has_data {
            give(&self.name, false, &self.data, each);
        }
        self.name.clear();
        self.data.clear();
        self.has_data = false;
        self.is_skipping = false;
    }
}
