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
    span: Range<usize>,
    /// The key.
    pub value: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<u64>,
}

impl Minted {
    /// The key in an answer: at its top, or in its `client_secret`; Gemini's is the `name` of a thing.
    #[must_use]
    pub fn find(answer: &str) -> Option<Self> {
        let mut found = Found::default();
        let read = Cursor::new(answer).object(|cursor, name| match (name, cursor.kind()) {
            ("client_secret", Kind::Object) => {
                found = Found::default();
                cursor.object(|cursor, name| found.field(cursor, name))
            }
            _ => found.field(cursor, name),
        });
        read.ok()?;
        let (span, value) = found.value.filter(|(_, value)| !value.is_empty())?;
        Some(Self { span, value, expires_at: found.expires_at })
    }

    /// The answer with another key in its place.
    #[must_use]
    pub fn with_value(&self, answer: &[u8], value: &str) -> Vec<u8> {
        let mut text = Vec::with_capacity(value.len() + 2);
        Writer::new(&mut text).text(value);
        let mut splice = Splice::new();
        splice.edit(self.span.clone(), text);
        splice.apply(answer)
    }
}

#[derive(Default)]
struct Found {
    value: Option<(Range<usize>, String)>,
    expires_at: Option<u64>,
}

impl Found {
    fn field(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Result<(), JsonError> {
        match (name, cursor.kind()) {
            ("value" | "name", Kind::Text) => {
                let from = cursor.at();
                let value = cursor.text()?.into_owned();
                if name == "value" || value.starts_with(TOKENS) {
                    self.value = Some((from..cursor.at(), value));
                }
            }
            ("expires_at", Kind::Scalar) => self.expires_at = Some(cursor.count()?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}
