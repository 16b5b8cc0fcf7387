//! What is wrong with a JSON text, and where; never the text itself, which may hold secrets.

use thiserror::Error;

/// A mistake in a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{why} (byte {at})", self.place())]
pub struct JsonError {
    /// Offset in bytes from the start of the text.
    pub at: usize,
    /// Path to the value, as `messages[2].role`; empty at the top.
    pub path: String,
    /// What is wrong: `must be a string`.
    pub why: &'static str,
}

impl JsonError {
    /// Whether all that is wrong is that too many values lie in each other.
    #[must_use]
    pub fn is_too_deep(&self) -> bool {
        self.why == super::TOO_DEEP
    }

    /// The path and a blank, or nothing at the top.
    fn place(&self) -> String {
        if self.path.is_empty() { String::from("the body ") } else { format!("`{}` ", self.path) }
    }
}
