//! Whole replies of Gemini.

mod read;
mod write;

pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
