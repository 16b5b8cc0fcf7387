//! A JSON list that grows, kept as its text: annotations and log probabilities of a part that is
//! still being told.

use crate::json::Writer;

/// A list of JSON values, without its brackets.
#[derive(Debug, Default)]
pub(in super::super) struct JsonList {
    text: String,
    count: u64,
}

impl JsonList {
    /// Adds the value that `body` writes.
    pub(in super::super) fn push(&mut self, body: impl FnOnce(&mut Writer<'_>)) {
        let mut value = Vec::new();
        body(&mut Writer::new(&mut value));
        let value = String::from_utf8(value).expect("the writer writes text");
        if self.count > 0 {
            self.text.push(',');
        }
        self.text.push_str(&value);
        self.count += 1;
    }

    /// How many values there are.
    pub(in super::super) fn count(&self) -> u64 {
        self.count
    }

    /// Writes the list as a field.
    pub(in super::super) fn write(&self, name: &str, writer: &mut Writer<'_>) {
        writer.key(name).array(|w| {
            if self.count > 0 {
                w.json(&self.text);
            }
        });
    }
}
