//! The conversation: a string, or items, of which those of the model and those of tools join to
//! messages.

use super::super::item::{self, Read};
use crate::chat::{Content, Message, Part, Role, Signature};
use crate::json::{Cursor, JsonError, Kind};

pub(super) fn read_input<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Message<'a>>, JsonError> {
    let mut messages = Vec::new();
    if cursor.kind() == Kind::Text {
        push(&mut messages, Role::User, vec![Part::text(cursor.text()?)]);
        return Ok(messages);
    }
    // Whether results join to the last message. Each is looked at once: there may be very many.
    let mut takes_results = false;
    cursor.array(|cursor| {
        let before = messages.len();
        // What the tokens of earlier answers were worth is of no use any more.
        match item::read(cursor, &mut Vec::new())? {
            Read::Message(role, parts) => push(&mut messages, role, parts),
            Read::Answer(parts) => match messages.last_mut() {
                Some(last) if last.role == Role::Assistant => last.parts.extend(parts),
                _ => push(&mut messages, Role::Assistant, parts),
            },
            Read::Result(part) => match messages.last_mut() {
                Some(last) if takes_results => last.parts.push(part),
                _ => push(&mut messages, Role::User, vec![part]),
            },
            Read::CallSignature(signature) => sign(messages.last_mut(), signature),
        }
        if messages.len() > before {
            takes_results = messages.last().is_some_and(is_results);
        }
        Ok(())
    })?;
    Ok(messages)
}

fn push<'a>(messages: &mut Vec<Message<'a>>, role: Role, parts: Vec<Part<'a>>) {
    messages.push(Message { role, name: None, parts });
}

/// Whether the message is nothing but results of tools.
fn is_results(message: &Message<'_>) -> bool {
    let is_result =
        |part: &Part<'_>| matches!(part.content, Content::ToolResult(_) | Content::ProviderOnly(_));
    message.role == Role::User && message.parts.iter().all(is_result)
}

/// How far from the end a call is that gets a signature: that stands right behind it.
const SIGNED_PARTS_MAX: usize = 64;

/// Gives the last call its signature.
fn sign<'a>(message: Option<&mut Message<'a>>, signature: Signature<'a>) {
    let parts = message
        .into_iter()
        .flat_map(|message| message.parts.iter_mut().rev().take(SIGNED_PARTS_MAX));
    let mut calls = parts.filter_map(|part| match &mut part.content {
        Content::ToolCall(call) => Some(call),
        _ => None,
    });
    if let Some(call) = calls.next() {
        call.signature = Some(signature);
    }
}
