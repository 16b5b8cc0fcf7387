//! Requests of OpenAI Chat.
//!
//! Parts and tools have files of their own; both directions stand side by side there.

mod content;
mod read;
mod read_message;
mod tools;
mod write;
mod write_message;

pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
