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

use crate::chat::{ServiceClass, Usage};
use crate::json::{Cursor, Kind};

/// What an event, or a whole response, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let (mut usage, mut service, mut searches) = (None, None, 0);
    let mut field = |cursor: &mut Cursor<'_>, name: &str| {
        match (name, cursor.kind()) {
            ("usage", Kind::Object) => usage = Some(super::usage::read(cursor)?),
            ("output", Kind::Array) => searches = super::usage::searches(cursor)?,
            ("service_tier", Kind::Text) => service = ServiceClass::of_word(&cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    };
    let read = cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("response", Kind::Object) => cursor.object(&mut field),
        _ => field(cursor, name),
    });
    read.ok().and(usage.map(|usage: Usage| Usage { service, searches, ..usage }))
}

/// How many searches of the web an event tells as done, or all of a whole response: those of the
/// response at the end of a stream are told with its usage.
pub(in crate::dialect) fn searches(cursor: &mut Cursor<'_>) -> u64 {
    let (mut is_done, mut is_search, mut searches) = (false, false, 0);
    let read = cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("type", Kind::Text) => is_done = cursor.text()? == "response.output_item.done",
            ("item", _) => is_search = super::usage::is_search(cursor)?,
            ("output", Kind::Array) => searches = super::usage::searches(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    });
    if read.is_ok() { searches + u64::from(is_done && is_search) } else { 0 }
}

#[cfg(test)]
mod tests;
