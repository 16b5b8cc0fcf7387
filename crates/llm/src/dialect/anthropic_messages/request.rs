//! Requests of Anthropic Messages.
//!
//! Blocks of content, which replies have too, have files of their own.

mod blocks;
mod read;
mod tools;
mod write;
mod write_blocks;

pub(super) use blocks::read_block;
pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
pub(super) use write_blocks::{Reads, write_blocks};
