//! An event as it is written, before anything is made of it.

use super::super::citation::{self, Passage};
use super::super::{logprobs, tool_call, usage, wire};
use crate::chat::{Finish, Text, TokenLogprob, ToolCall, Usage};
use crate::json::{Cursor, JsonError, Kind};

/// An event.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    pub(super) kind: Text<'a>,
    pub(super) id: Option<Text<'a>>,
    pub(super) index: u64,
    pub(super) text: Option<Text<'a>>,
    pub(super) thinking: Option<Text<'a>>,
    pub(super) signature: Option<Text<'a>>,
    pub(super) plan: Option<Text<'a>>,
    /// A call that begins, or more of its arguments.
    pub(super) call: Option<ToolCall<'a>>,
    pub(super) passage: Option<Passage<'a>>,
    pub(super) tokens: Vec<TokenLogprob<'a>>,
    pub(super) finish: Option<Finish>,
    pub(super) error: Option<Text<'a>>,
    pub(super) usage: Option<Usage>,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Event<'a>, JsonError> {
    let mut event = Event::default();
    cursor.object(|cursor, name| {
        match name {
            "type" => event.kind = cursor.text()?,
            "id" => event.id = cursor.maybe(Cursor::text)?,
            "index" => event.index = cursor.maybe(Cursor::count)?.unwrap_or(0),
            "delta" => {
                cursor.maybe(|cursor| read_delta(cursor, &mut event))?;
            }
            "logprobs" => {
                cursor.maybe(|cursor| logprobs::read(cursor, &mut event.tokens))?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(event)
}

fn read_delta<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "message" => {
                cursor.maybe(|cursor| read_message(cursor, event))?;
            }
            "finish_reason" => {
                event.finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
            }
            "error" => event.error = cursor.maybe(Cursor::text)?,
            "usage" => event.usage = cursor.maybe(usage::read)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// The first event has empty lists where the others have one piece.
fn read_message<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("content", Kind::Object) => cursor.object(|cursor, name| {
                match name {
                    "text" => event.text = cursor.maybe(Cursor::text)?,
                    "thinking" => event.thinking = cursor.maybe(Cursor::text)?,
                    "signature" => event.signature = cursor.maybe(Cursor::text)?,
                    // The kind says the same as the name of what it holds.
                    "type" => cursor.skip()?,
                    _ => cursor.unknown()?,
                }
                Ok(())
            })?,
            ("tool_plan", Kind::Text) => event.plan = Some(cursor.text()?),
            ("tool_calls", Kind::Object) => event.call = Some(tool_call::read(cursor)?),
            ("citations", Kind::Object) => event.passage = Some(citation::read(cursor)?),
            ("role", _) => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}
