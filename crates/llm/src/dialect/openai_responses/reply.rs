//! Whole responses.
//!
//! Streams have them, too, in the events that begin and end them.

mod envelope;
mod read;
mod write;

pub(super) use envelope::{Ending, Envelope};
pub(in crate::dialect) use read::read;
pub(super) use read::{Head, read_head};
pub(in crate::dialect) use write::write;
