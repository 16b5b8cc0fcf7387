//! Streams of Responses: named events, in which items and their parts begin, grow and end.
//!
//! Everything is told twice, in pieces and whole, so the writer keeps what it has told. The reader
//! goes by the pieces alone, and by the whole only where no pieces came.

mod event;
mod items;
mod open;
mod parts;
mod read;
mod tell;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, Kind};

/// What an event, or a whole response, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut usage = None;
    let read = cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("usage", Kind::Object) => usage = Some(super::usage::read(cursor)?),
            ("response", Kind::Object) => cursor.object(|cursor, name| match name {
                "usage" => cursor.maybe(super::usage::read).map(|used| usage = used),
                _ => cursor.skip(),
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    });
    read.ok().and(usage)
}

#[cfg(test)]
mod tests;
