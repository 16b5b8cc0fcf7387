//! Text and values of JSON as they were written.

use std::borrow::Cow;

/// Text, borrowed from what was read where it had no escapes.
pub type Text<'a> = Cow<'a, str>;

/// One whole JSON value, kept as its text: schemas, arguments, whatever has its own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<'a>(Cow<'a, str>);

impl<'a> Json<'a> {
    /// The value that the text is, or nothing where it is no JSON.
    #[must_use]
    pub fn new(text: impl Into<Text<'a>>) -> Option<Self> {
        let text = text.into();
        super::is_value(&text).then_some(Self(text))
    }

    /// The value that a text is of which a reader has just seen that it is one.
    #[must_use]
    pub fn from_valid(text: impl Into<Text<'a>>) -> Self {
        Self(text.into())
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text of it, taken out.
    #[must_use]
    pub fn into_text(self) -> Text<'a> {
        self.0
    }
}
