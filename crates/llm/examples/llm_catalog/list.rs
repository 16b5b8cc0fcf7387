//! The source's list: an object of objects, whose values stay the text that they are.

use std::collections::BTreeMap;

use architrave_llm::json::{Cursor, JsonError};

/// A model in the source.
#[derive(Debug, Default)]
pub(crate) struct Entry<'a>(BTreeMap<String, &'a str>);

impl<'a> Entry<'a> {
    /// The raw JSON of a field.
    pub(crate) fn raw(&self, field: &str) -> Option<&'a str> {
        self.0.get(field).copied()
    }

    /// A string, which has no escapes in the fields that are read.
    pub(crate) fn text(&self, field: &str) -> Option<&'a str> {
        self.raw(field)?.strip_prefix('"')?.strip_suffix('"')
    }

    /// A whole number above 0.
    pub(crate) fn count(&self, field: &str) -> Option<u64> {
        let text = self.raw(field)?.trim_matches('"');
        text.strip_suffix(".0").unwrap_or(text).parse().ok().filter(|count| *count > 0)
    }

    /// All fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, raw)| (name.as_str(), *raw))
    }
}

/// All entries.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, Entry<'_>>, JsonError> {
    let mut entries = BTreeMap::new();
    Cursor::new(text).object(|cursor, key| {
        let raw = raw(text, cursor)?;
        entries.insert(key.to_owned(), entry(raw)?);
        Ok(())
    })?;
    Ok(entries)
}

/// The fields of an object.
pub(crate) fn entry(text: &str) -> Result<Entry<'_>, JsonError> {
    let mut entry = Entry::default();
    Cursor::new(text).object(|cursor, name| {
        let value = raw(text, cursor)?;
        entry.0.insert(name.to_owned(), value);
        Ok(())
    })?;
    Ok(entry)
}

/// The text of the next value, as long as the text that it stands in.
fn raw<'a>(text: &'a str, cursor: &mut Cursor<'_>) -> Result<&'a str, JsonError> {
    let value = cursor.json()?;
    let at = value.as_str().as_ptr().addr() - text.as_ptr().addr();
    Ok(&text[at..at + value.as_str().len()])
}
