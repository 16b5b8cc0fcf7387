//! Why a description is not taken.

/// One fault of a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {message}", shown(.pointer))]
pub struct DescriptionFault {
    /// Where: a JSON Pointer (RFC 6901), empty for the whole.
    pub pointer: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

fn shown(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at {pointer}") }
}
