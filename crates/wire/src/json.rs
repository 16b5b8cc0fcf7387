//! JSON as the gateway needs it: a reader that walks the text once and borrows, a writer that
//! appends to a buffer.
//!
//! It is not a value tree and not serde: every reader here must tell which fields it did not
//! understand, must keep numbers as they were written, and must name the place of a mistake.

mod bytes;
mod cursor;
mod error;
mod number;
mod skip;
mod unescape;
mod value;
mod write;

pub use bytes::{quote_at, special_at};
pub use cursor::{Cursor, Kind};
pub use error::JsonError;
pub use number::{Number, is_number};
pub use skip::skip_value;
pub use unescape::unescape;
pub use value::{Json, Text};
pub use write::Writer;

use unescape::unescape_telling;

/// What is wrong with a value in which too many lie in each other.
const TOO_DEEP: &str = "is nested too deeply";

/// Whether the text is one whole JSON object, so that it may be put into a document as it is.
#[must_use]
pub fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{') && is_value(text)
}

/// Whether the text is one whole JSON value.
#[must_use]
pub fn is_value(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.skip().is_ok() && cursor.end().is_ok()
}

#[cfg(test)]
mod tests;
