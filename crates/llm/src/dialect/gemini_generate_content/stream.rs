//! Streams of Gemini: responses like whole ones, each with more parts; a stream ends where the
//! connection does.

mod open;
mod read;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, Kind};

/// What a response, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let (mut usage, mut searches) = (None, 0);
    let read = cursor.object(|cursor, name| match name {
        "candidates" if cursor.kind() == Kind::Array => {
            searches = super::grounding::searches(cursor.json()?.as_str());
            Ok(())
        }
        "usageMetadata" => {
            let metadata = cursor.maybe(super::usage::read)?;
            usage = metadata.and_then(|metadata| metadata.usage);
            Ok(())
        }
        _ => cursor.skip(),
    });
    read.ok().and(usage.map(|usage: Usage| Usage { searches, ..usage }))
}

/// How many searches of the web its answers rest on, whether it says what was used or not.
pub(in crate::dialect) fn searches(cursor: &mut Cursor<'_>) -> u64 {
    let mut searches = 0;
    let read = cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("candidates", Kind::Array) => {
            searches = super::grounding::searches(cursor.json()?.as_str());
            Ok(())
        }
        _ => cursor.skip(),
    });
    if read.is_ok() { searches } else { 0 }
}
