//! Streams of Anthropic Messages: named events with blocks that begin and end.

mod read;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Kind};

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

/// How many searches of the web an event tells that have found something; those that failed are not
/// charged.
pub(in crate::dialect) fn searches(cursor: &mut Cursor<'_>) -> u64 {
    let mut searches = 0;
    let read = cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("content_block", Kind::Object) => searches += u64::from(is_found(cursor)?),
            ("content", Kind::Array) => cursor.array(|cursor| {
                match cursor.kind() {
                    Kind::Object => searches += u64::from(is_found(cursor)?),
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    });
    if read.is_ok() { searches } else { 0 }
}

/// Whether a block is what a search of the web has found.
fn is_found(cursor: &mut Cursor<'_>) -> Result<bool, JsonError> {
    let (mut is_result, mut has_found) = (false, false);
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("type", Kind::Text) => is_result = cursor.text()? == "web_search_tool_result",
            ("content", kind) => {
                has_found = kind == Kind::Array;
                cursor.skip()?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(is_result && has_found)
}
