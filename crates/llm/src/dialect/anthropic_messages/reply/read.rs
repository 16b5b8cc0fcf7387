//! A whole reply of Anthropic, read to the form.

use super::super::request::read_block;
use super::super::{usage, wire};
use crate::chat::{ChatEvent, ChatReply, Choice, Content, Part, Text};
use crate::dialect::{Context, signature};
use crate::json::{Cursor, JsonError};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    _context: &Context,
) -> Result<ChatReply<'a>, JsonError> {
    let (mut reply, mut choice) = (ChatReply::default(), None);
    let (mut answer, mut refusal) = (Choice::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "id" => reply.id = cursor.maybe(Cursor::text)?,
            "model" => reply.model = cursor.maybe(Cursor::text)?,
            "content" => {
                answer.parts = signature::settle(cursor.list(read_block)?);
                choice = Some(());
            }
            "stop_reason" => {
                answer.finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
            }
            "stop_details" => refusal = wire::explanation(cursor)?,
            "stop_sequence" => answer.stop_text = cursor.maybe(Cursor::text)?,
            "usage" => {
                reply.service_class = read_service_class(&mut cursor.clone_at())?;
                reply.usage = cursor.maybe(usage::read)?;
            }
            "type" | "role" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    choice.ok_or_else(|| cursor.wrong("must have content"))?;
    answer.parts.extend(refusal.map(|text| Part::from(Content::Refusal(text))));
    reply.choices = vec![answer];
    Ok(reply)
}

/// The class of service stands within usage.
fn read_service_class<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Text<'a>>, JsonError> {
    let mut class = None;
    cursor.maybe(|cursor| {
        cursor.object(|cursor, name| match name {
            "service_tier" => cursor.maybe(Cursor::text).map(|word| class = word),
            _ => cursor.skip(),
        })
    })?;
    Ok(class.map(wire::service_class))
}

/// What the message at the start of a stream says: who it is, and usage so far.
pub(in super::super) fn read_message_start<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<ChatEvent<'a>>, JsonError> {
    let reply = read(cursor, &Context::default())?;
    let ChatReply { id, model, created_s, service_class, fingerprint, usage, .. } = reply;
    let start = ChatEvent::Start { id, model, created_s, service_class, fingerprint };
    Ok(std::iter::once(start).chain(usage.map(ChatEvent::Usage)).collect())
}
