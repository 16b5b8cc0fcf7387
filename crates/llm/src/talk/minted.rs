//! A key for one talk, as a provider's answer has it.

use std::ops::Range;

use crate::json::{Cursor, JsonError, Kind, Writer};
use crate::scan::Splice;
use crate::time;

/// What the names of Gemini's keys begin with.
pub const TOKENS: &str = "auth_tokens/";

/// Until when a talk may begin by one of Gemini's keys, as the request for it says, in seconds since
/// 1970; nothing where it does not.
#[must_use]
pub fn may_begin_until(request: &str) -> Option<u64> {
    let mut until = None;
    let read = Cursor::new(request).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("newSessionExpireTime" | "new_session_expire_time", Kind::Text) => {
                until = time::read(&cursor.text()?);
            }
            _ => cursor.skip()?,
        }
        Ok(())
    });
    read.ok().and(until)
}

/// A key that a provider has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The key.
    pub value: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<u64>,
}

impl Minted {
    /// The key in an answer: at its top, or in its `client_secret`; Gemini's is the `name` of a thing.
    /// Nothing where there are two.
    #[must_use]
    pub fn find(answer: &str) -> Option<Self> {
        let (mut found, mut within) = (Found::default(), Found::default());
        let read = Cursor::new(answer).object(|cursor, name| match (name, cursor.kind()) {
            ("client_secret", Kind::Object) => {
                cursor.object(|cursor, name| within.field(cursor, name))
            }
            _ => found.field(cursor, name),
        });
        read.ok()?;
        // What stands beside the object that is about the key may be about the session.
        let (value, expires_at) = match within.value {
            Some(value) => {
                found.has_two |= found.value.is_some_and(|other| other != value);
                (value, within.expires_at)
            }
            None => (found.value?, found.expires_at),
        };
        let is_one = !value.is_empty() && !found.has_two && !within.has_two;
        is_one.then_some(Self { value, expires_at })
    }

    /// The answer with another key wherever it stands; nothing where something of it would be left,
    /// as within another text.
    #[must_use]
    pub fn with_value(&self, answer: &str, value: &str) -> Option<Vec<u8>> {
        let mut text = Vec::with_capacity(value.len() + 2);
        Writer::new(&mut text).text(value);
        let mut places = Places { value: &self.value, spans: Vec::new(), is_left: false };
        places.walk(&mut Cursor::new(answer)).ok().filter(|()| !places.is_left)?;
        let mut splice = Splice::new();
        places.spans.into_iter().for_each(|span| splice.edit(span, text.clone()));
        Some(splice.apply(answer.as_bytes()))
    }
}

/// Where a key stands.
struct Places<'v> {
    value: &'v str,
    spans: Vec<Range<usize>>,
    /// Whether it stands where it cannot be replaced.
    is_left: bool,
}

impl Places<'_> {
    fn walk(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        match cursor.kind() {
            Kind::Object => cursor.object(|cursor, name| {
                self.is_left |= name.contains(self.value);
                self.walk(cursor)
            }),
            Kind::Array => cursor.array(|cursor| self.walk(cursor)),
            Kind::Text => {
                let from = cursor.at();
                let text = cursor.text()?;
                match text == self.value {
                    true => self.spans.push(from..cursor.at()),
                    false => self.is_left |= text.contains(self.value),
                }
                Ok(())
            }
            _ => cursor.skip(),
        }
    }
}

#[derive(Default)]
struct Found {
    value: Option<String>,
    has_two: bool,
    expires_at: Option<u64>,
}

impl Found {
    fn field(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Result<(), JsonError> {
        match (name, cursor.kind()) {
            ("value" | "name", Kind::Text) => {
                let value = cursor.text()?.into_owned();
                if name == "value" || value.starts_with(TOKENS) {
                    self.has_two |= self.value.as_ref().is_some_and(|other| *other != value);
                    self.value = Some(value);
                }
            }
            ("expires_at", Kind::Scalar) => self.expires_at = Some(cursor.count()?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}
