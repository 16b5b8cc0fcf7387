//! Requests of Bedrock.
//!
//! Blocks of content, which replies have too, have files of their own.

mod blocks;
mod extra;
mod read;
mod tools;
mod write;
mod write_blocks;

pub(super) use blocks::read_blocks;
pub(in crate::dialect) use read::read;
pub(super) use read::read_word;
pub(in crate::dialect) use write::write;
pub(super) use write_blocks::{Reads, write_blocks};
