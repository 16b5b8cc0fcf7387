//! Whole replies of Anthropic Messages.
//!
//! Their blocks are those of requests.

mod read;
mod write;

pub(in crate::dialect) use read::read;
pub(super) use read::read_message_start;
pub(in crate::dialect) use write::write;
