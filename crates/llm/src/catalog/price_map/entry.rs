//! The list's text: an object of objects, whose values stay the text that they are.

use std::collections::BTreeMap;

use crate::json::{Cursor, JsonError};

/// A model of the list, or a range of its prices.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    text: &'a str,
    at: usize,
    fields: BTreeMap<String, &'a str>,
}

impl<'a> Entry<'a> {
    /// The fields of an object that stands in a text.
    fn new(text: &'a str, object: &'a str) -> Result<Self, JsonError> {
        let at = offset(text, object);
        let mut fields = BTreeMap::new();
        let read = Cursor::new(object).object(|cursor, name| {
            fields.insert(name.to_owned(), raw(object, cursor)?);
            Ok(())
        });
        read.map_err(|error| JsonError { at: at + error.at, ..error })?;
        Ok(Self { text, at, fields })
    }

    /// The raw JSON of a field.
    pub(super) fn raw(&self, field: &str) -> Option<&'a str> {
        self.fields.get(field).copied()
    }

    /// A string, which has no escapes in the fields that are read.
    pub(super) fn text(&self, field: &str) -> Option<&'a str> {
        self.raw(field)?.strip_prefix('"')?.strip_suffix('"')
    }

    /// A whole number above 0.
    pub(super) fn count(&self, field: &str) -> Option<u64> {
        let text = self.raw(field)?.trim_matches('"');
        text.strip_suffix(".0").unwrap_or(text).parse().ok().filter(|count| *count > 0)
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.fields.iter().map(|(name, raw)| (name.as_str(), *raw))
    }

    /// Where it begins in the list.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Where the value of a field begins in the list.
    pub(super) fn at_field(&self, field: &str) -> usize {
        self.raw(field).map_or(self.at, |raw| offset(self.text, raw))
    }

    /// The objects of a field that is an array of them; none where it is not there.
    pub(super) fn objects(&self, field: &str) -> Result<Vec<Self>, JsonError> {
        let Some(list) = self.raw(field).filter(|raw| *raw != "null") else {
            return Ok(Vec::new());
        };
        let mut objects = Vec::new();
        let read = Cursor::new(list).array(|cursor| {
            objects.push(raw(list, cursor)?);
            Ok(())
        });
        let at = offset(self.text, list);
        read.map_err(|error| JsonError { at: at + error.at, ..error })?;
        objects.into_iter().map(|object| Self::new(self.text, object)).collect()
    }
}

/// All entries, by their keys.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Entry<'_>>, JsonError> {
    let mut entries = BTreeMap::new();
    let mut cursor = Cursor::new(text);
    cursor.object(|cursor, key| {
        let raw = raw(text, cursor)?;
        entries.insert(key.to_owned(), Entry::new(text, raw)?);
        Ok(())
    })?;
    cursor.end()?;
    Ok(entries)
}

/// The text of the next value, as long as the text that it stands in.
fn raw<'a>(text: &'a str, cursor: &mut Cursor<'_>) -> Result<&'a str, JsonError> {
    let value = cursor.json()?;
    let at = offset(text, value.as_str());
    Ok(&text[at..at + value.as_str().len()])
}

/// Where a part of a text begins in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}
