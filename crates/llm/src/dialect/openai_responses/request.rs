//! Requests for responses.
//!
//! Tools and what the output shall be like have files of their own; both directions stand side by
//! side there.

mod grammar;
mod output;
mod read;
mod read_input;
mod tools;
mod write;
mod write_input;

pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
