//! Whole replies of Cohere's chat.

mod read;
mod write;

pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
