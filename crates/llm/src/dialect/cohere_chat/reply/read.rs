//! A whole reply of Cohere, read to the form.

use super::super::assistant::Assistant;
use super::super::{logprobs, usage, wire};
use crate::chat::{ChatReply, Choice};
use crate::dialect::Context;
use crate::json::{Cursor, JsonError};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    context: &Context,
) -> Result<ChatReply<'a>, JsonError> {
    let (mut reply, mut answer) = (ChatReply::default(), Choice::default());
    let mut message = None;
    cursor.object(|cursor, name| {
        match name {
            "id" => reply.id = cursor.maybe(Cursor::text)?,
            "message" => message = Some(read_message(cursor)?),
            "finish_reason" => {
                answer.finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
            }
            "usage" => reply.usage = cursor.maybe(usage::read)?,
            "logprobs" => {
                let mut tokens = Vec::new();
                cursor.list(|cursor| logprobs::read(cursor, &mut tokens))?;
                answer.logprobs = Some(tokens).filter(|tokens| !tokens.is_empty());
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let message = message.ok_or_else(|| cursor.wrong("must have a message"))?;
    let id = |place| context.call_id(0, u32::try_from(place).unwrap_or_default());
    answer.parts = message.into_parts(id);
    reply.choices = vec![answer];
    Ok(reply)
}

fn read_message<'a>(cursor: &mut Cursor<'a>) -> Result<Assistant<'a>, JsonError> {
    let mut message = Assistant::default();
    cursor.object(|cursor, name| match name {
        "role" => cursor.skip(),
        _ => message.read_field(cursor, name),
    })?;
    Ok(message)
}
