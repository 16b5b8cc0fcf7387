//! Server-sent events, read as the HTML standard has them: any line end, comments, data in several
//! lines, a byte order mark; and written.
//!
//! The reader is pushed bytes in any cut and calls back with whole events; what an event means is
//! its reader's business.

use thiserror::Error;

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'e> {
    /// Its name; empty where it has none.
    pub name: &'e str,
    /// Its id, where it says one.
    pub id: Option<&'e str>,
    /// How many milliseconds to wait before asking again, where it says so.
    pub retry_ms: Option<u64>,
    /// What it says; nothing where it has no data at all, which the standard takes for no event.
    pub data: Option<&'e [u8]>,
}

/// An event is larger than its reader takes. It is skipped, and the stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an event of the stream is too large")]
pub struct TooLarge;

/// Called with each event, or with that it is too large.
pub type EachEvent<'e> = dyn FnMut(Result<Event<'_>, TooLarge>) + 'e;

/// Reads server-sent events.
#[derive(Debug)]
pub struct EventReader {
    bytes_max: usize,
    /// The line that has not ended yet.
    line: Vec<u8>,
    name: String,
    id: Option<String>,
    retry_ms: Option<u64>,
    data: Vec<u8>,
    has_data: bool,
    /// A line ended with CR; a LF that comes next belongs to it.
    after_cr: bool,
    has_begun: bool,
    /// The event is too large: it is skipped to its end.
    is_skipping: bool,
}

impl EventReader {
    /// A reader at the start of a stream, no event of which may have more than `bytes_max`.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            line: Vec::new(),
            name: String::new(),
            id: None,
            retry_ms: None,
            data: Vec::new(),
            has_data: false,
            after_cr: false,
            has_begun: false,
            is_skipping: false,
        }
    }

    /// Reads the next bytes of the stream.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut EachEvent<'_>) {
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
        if self.line.len() + bytes.len() > self.bytes_max {
            self.skip(each);
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    /// The stream has ended: an event that only misses its blank line is still one.
    pub fn end(&mut self, each: &mut EachEvent<'_>) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, each);
        }
        self.event(each);
    }

    fn take_line(&mut self, line: &[u8], each: &mut EachEvent<'_>) {
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
            b"data" if self.data.len() + value.len() > self.bytes_max => self.skip(each),
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            // An id with a NUL in it is none.
            b"id" if !value.contains(&0) => {
                self.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry_ms = str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            }
            // A comment (its name is empty), or a word of the future.
            _ => {}
        }
    }

    /// Told at once: what is larger than is taken may have no end.
    fn skip(&mut self, each: &mut EachEvent<'_>) {
        if !std::mem::replace(&mut self.is_skipping, true) {
            self.data = Vec::new();
            each(Err(TooLarge));
        }
    }

    fn event(&mut self, each: &mut EachEvent<'_>) {
        // Of one that is skipped it has been told.
        let says_something = self.has_data || self.id.is_some() || self.retry_ms.is_some();
        if says_something && !self.is_skipping {
            each(Ok(Event {
                name: &self.name,
                id: self.id.as_deref(),
                retry_ms: self.retry_ms,
                data: self.has_data.then_some(&self.data),
            }));
        }
        self.name.clear();
        (self.id, self.retry_ms) = (None, None);
        self.data.clear();
        self.has_data = false;
        self.is_skipping = false;
    }
}

/// Appends an event. Line ends in its name and id, which would end them, are left out; in its data
/// they begin a line of it.
pub fn write_event(out: &mut Vec<u8>, event: &Event<'_>) {
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            out.extend_from_slice(name.as_bytes());
            out.extend(value.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r' | 0)));
            out.push(b'\n');
        }
    };
    field("event: ", event.name);
    field("id: ", event.id.unwrap_or_default());
    if let Some(retry_ms) = event.retry_ms {
        field("retry: ", itoa::Buffer::new().format(retry_ms));
    }
    let Some(mut data) = event.data else { return out.push(b'\n') };
    loop {
        let end = memchr::memchr2(b'\n', b'\r', data);
        let (line, rest) = data.split_at(end.unwrap_or(data.len()));
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
        if rest.is_empty() {
            break;
        }
        data = rest.strip_prefix(b"\r\n").unwrap_or(&rest[1..]);
    }
    out.push(b'\n');
}

/// What is sent now and then on a stream that is silent, so that nobody takes it for dead.
pub const KEEP_ALIVE: &[u8] = b":\n\n";

#[cfg(test)]
mod tests;
