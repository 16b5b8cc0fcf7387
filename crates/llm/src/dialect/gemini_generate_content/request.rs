//! Requests of Gemini.
//!
//! Parts, which replies have too, have files of their own.

mod config;
mod ids;
mod parts;
mod read;
mod reasoning;
mod tools;
mod write;
mod write_parts;
mod write_result;

pub(super) use parts::read_part;
pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;
pub(super) use write_parts::{Reads, Turn, write_call, write_thought};
