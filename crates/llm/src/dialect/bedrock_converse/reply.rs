//! Whole replies of Bedrock.
//!
//! Their blocks are those of requests.

mod read;
mod write;

pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
pub(super) use write::write_end;
