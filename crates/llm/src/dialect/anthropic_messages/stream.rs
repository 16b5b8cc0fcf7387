//! Streams of Anthropic Messages: named events with blocks that begin and end.

mod read;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, Kind};

/// What an event, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut usage = None;
    let read = cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("usage", Kind::Object) => usage = Some(super::usage::read(cursor)?),
            // `message_start` has the message, and usage in it.
            ("message", Kind::Object) => cursor.object(|cursor, name| match name {
                "usage" => cursor.maybe(super::usage::read).map(|used| usage = used),
                _ => cursor.skip(),
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    });
    read.ok().and(usage)
}
