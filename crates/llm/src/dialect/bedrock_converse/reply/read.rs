//! A whole reply of Bedrock, read to the form.

use super::super::request::{read_blocks, read_word};
use super::super::{usage, wire};
use crate::chat::{ChatReply, Choice};
use crate::dialect::Context;
use crate::json::{Cursor, JsonError};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    _context: &Context,
) -> Result<ChatReply<'a>, JsonError> {
    let (mut reply, mut answer) = (ChatReply::default(), Choice::default());
    let mut has_output = false;
    cursor.object(|cursor, name| {
        match name {
            "output" => {
                has_output = true;
                read_output(cursor, &mut answer)?;
            }
            "stopReason" => {
                answer.finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
            }
            "usage" => reply.usage = cursor.maybe(usage::read)?,
            "serviceTier" => {
                reply.service_class = cursor.maybe(|cursor| read_word(cursor, "type"))?;
            }
            // How long it took, and on what kind of machine.
            "metrics" | "performanceConfig" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if !has_output {
        return Err(cursor.wrong("must have output"));
    }
    reply.choices = vec![answer];
    Ok(reply)
}

fn read_output<'a>(cursor: &mut Cursor<'a>, answer: &mut Choice<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| match name {
        "message" => cursor.object(|cursor, name| match name {
            "content" => read_blocks(cursor).map(|parts| answer.parts = parts),
            "role" => cursor.skip(),
            _ => cursor.unknown(),
        }),
        _ => cursor.unknown(),
    })
}
