//! The writer: appends JSON to a buffer, commas being its own business.
//!
//! What it is told is what it writes; that a document is whole follows from `object` and `array`
//! closing what they open.

use super::{Number, special_at};

/// Appends JSON to a buffer.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    comma: bool,
}

impl<'o> Writer<'o> {
    /// A writer of one value behind what the buffer holds.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, comma: false }
    }

    /// Writes an object whose fields `body` writes.
    pub fn object(&mut self, body: impl FnOnce(&mut Self)) {
        self.nest(b"{}", body);
    }

    /// Writes an array whose items `body` writes.
    pub fn array(&mut self, body: impl FnOnce(&mut Self)) {
        self.nest(b"[]", body);
    }

    /// Writes the name of a field; its value comes next. The name is one of ours: it has nothing
    /// that needs an escape.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
        self
    }

    /// Writes the name of a field that is not one of ours; its value comes next.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.text(name);
        self.out.push(b':');
        self.comma = false;
        self
    }

    /// Writes a string.
    pub fn text(&mut self, text: &str) {
        self.separate();
        self.out.push(b'"');
        self.escape(text);
        self.out.push(b'"');
    }

    /// Writes a string given in pieces.
    pub fn texts(&mut self, pieces: &[&str]) {
        self.separate();
        self.out.push(b'"');
        for piece in pieces {
            self.escape(piece);
        }
        self.out.push(b'"');
    }

    /// Writes a number as it was written.
    pub fn number(&mut self, number: &Number<'_>) {
        self.bare(number.as_str());
    }

    /// Writes a whole number.
    pub fn count(&mut self, count: u64) {
        self.bare(itoa::Buffer::new().format(count));
    }

    /// Writes `true` or `false`.
    pub fn truth(&mut self, truth: bool) {
        self.bare(if truth { "true" } else { "false" });
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.bare("null");
    }

    /// Writes a JSON text as it is, but for line ends between its values, which become blanks: they
    /// would end the line of an event.
    pub fn json(&mut self, json: &str) {
        self.separate();
        let from = self.out.len();
        self.out.extend_from_slice(json.trim_ascii().as_bytes());
        let mut at = from;
        while let Some(found) = memchr::memchr2(b'\n', b'\r', &self.out[at..]) {
            self.out[at + found] = b' ';
            at += found + 1;
        }
    }

    /// Writes a field that is a string, where there is one.
    pub fn text_field(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(name).text(text);
        }
    }

    /// Writes a field that is a number, where there is one.
    pub fn number_field(&mut self, name: &str, number: Option<&Number<'_>>) {
        if let Some(number) = number {
            self.key(name).number(number);
        }
    }

    /// Writes a field that is a whole number, where there is one.
    pub fn count_field(&mut self, name: &str, count: Option<u64>) {
        if let Some(count) = count {
            self.key(name).count(count);
        }
    }

    /// Writes a field that is true or false, where it is said.
    pub fn truth_field(&mut self, name: &str, truth: Option<bool>) {
        if let Some(truth) = truth {
            self.key(name).truth(truth);
        }
    }

    fn nest(&mut self, brackets: &[u8; 2], body: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(brackets[0]);
        self.comma = false;
        body(self);
        self.out.push(brackets[1]);
        self.comma = true;
    }

    fn bare(&mut self, text: &str) {
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    fn escape(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut from = 0;
        loop {
            let at = special_at(bytes, from);
            self.out.extend_from_slice(&bytes[from..at]);
            let Some(&byte) = bytes.get(at) else { return };
            match byte {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                control => {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    self.out.extend_from_slice(b"\\u00");
                    self.out.push(HEX[usize::from(control >> 4)]);
                    self.out.push(HEX[usize::from(control & 15)]);
                }
            }
            from = at + 1;
        }
    }
}
