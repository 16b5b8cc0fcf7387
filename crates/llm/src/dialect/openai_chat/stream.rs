//! Streams of OpenAI Chat: server-sent events, each a chunk of one or more choices.
//!
//! Parts have no borders there; the reader finds them, the writer leaves them out.

mod chunk;
mod read;
mod write;
mod write_delta;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::Cursor;

/// What a chunk, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut usage = None;
    let read = cursor.object(|cursor, name| match name {
        "usage" => cursor.maybe(super::usage::read).map(|used| usage = used),
        _ => cursor.skip(),
    });
    read.ok().and(usage)
}
