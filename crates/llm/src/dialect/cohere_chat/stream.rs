//! Streams of Cohere's chat: named events in which pieces of a message begin, grow and end.

mod event;
mod read;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, Kind};

/// What an event, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut usage = None;
    let read = cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("usage", Kind::Object) => super::usage::read(cursor).map(|used| usage = Some(used)),
        // The last event has it in its delta.
        ("delta", Kind::Object) => cursor.object(|cursor, name| match name {
            "usage" => cursor.maybe(super::usage::read).map(|used| usage = used),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    });
    read.ok().and(usage)
}
