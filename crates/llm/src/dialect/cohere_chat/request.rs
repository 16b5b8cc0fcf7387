//! Requests of Cohere's chat.

mod content;
mod read;
mod read_message;
mod tools;
mod write;
mod write_message;

pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
