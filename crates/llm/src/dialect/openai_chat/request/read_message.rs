//! Messages of OpenAI Chat, read to the form: results of tools join to one message of the user.

use super::super::reasoning::{self, Reasoning};
use super::super::tool_call::{self, CallPiece};
use super::content::read_content;
use crate::chat::{Content, Message, Part, Role, Text, ToolResult};
use crate::json::{Cursor, JsonError};

pub(super) fn read_messages<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Message<'a>>, JsonError> {
    let mut messages: Vec<Message<'a>> = Vec::new();
    // Whether the last one is of results. Each is looked at once: there may be very many.
    let mut has_results = false;
    cursor.array(|cursor| {
        let message = read_message(cursor)?;
        let had_results = std::mem::replace(&mut has_results, is_results(&message));
        match messages.last_mut() {
            Some(last) if had_results && has_results => last.parts.extend(message.parts),
            _ => messages.push(message),
        }
        Ok(())
    })?;
    Ok(messages)
}

/// Whether the message is nothing but results of tools.
fn is_results(message: &Message<'_>) -> bool {
    let is_result = |part: &Part<'_>| matches!(part.content, Content::ToolResult(_));
    !message.parts.is_empty() && message.parts.iter().all(is_result)
}

/// A message whose role may come last.
#[derive(Default)]
struct Draft<'a> {
    role: Text<'a>,
    name: Option<Text<'a>>,
    content: Vec<Part<'a>>,
    reasoning: Reasoning<'a>,
    refusal: Option<Text<'a>>,
    calls: Vec<CallPiece<'a>>,
    call_id: Option<Text<'a>>,
}

fn read_message<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, JsonError> {
    let mut draft = Draft::default();
    cursor.object(|cursor, name| {
        match name {
            "role" => draft.role = cursor.text()?,
            "name" => draft.name = cursor.maybe(Cursor::text)?,
            "content" => draft.content = cursor.maybe(read_content)?.unwrap_or_default(),
            "refusal" => draft.refusal = cursor.maybe(Cursor::text)?,
            "tool_calls" => draft.calls.extend(cursor.list(tool_call::read)?),
            "function_call" => {
                let mut call = CallPiece::default();
                cursor.maybe(|cursor| tool_call::read_function(cursor, &mut call))?;
                draft.calls.extend(call.name.is_some().then_some(call));
            }
            "tool_call_id" => draft.call_id = cursor.maybe(Cursor::text)?,
            "reasoning_content" | "reasoning" => {
                draft.reasoning.text = cursor.maybe(Cursor::text)?;
            }
            "reasoning_details" => draft.reasoning.details = reasoning::read_details(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    draft.message().map_err(|why| cursor.wrong(why))
}

impl<'a> Draft<'a> {
    fn message(self) -> Result<Message<'a>, &'static str> {
        let Self { role, name, content, reasoning, refusal, calls, call_id } = self;
        let role = match role.as_ref() {
            "system" => Role::System,
            "developer" => Role::Developer,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" | "function" => {
                // The older `function` role has no id; its name is what joins it to the call.
                let call_id = call_id.or_else(|| name.clone()).ok_or("must have a tool_call_id")?;
                let result = ToolResult { call_id, name, parts: content, is_error: false };
                let parts = vec![Content::ToolResult(result).into()];
                return Ok(Message { role: Role::User, name: None, parts });
            }
            _ => return Err("must have a role: system, developer, user, assistant or tool"),
        };
        let mut parts = reasoning.into_parts();
        parts.extend(content);
        let refusal = refusal.filter(|refusal| !refusal.is_empty());
        parts.extend(refusal.map(|refusal| Part::from(Content::Refusal(refusal))));
        let calls = calls.into_iter().map(|mut call| {
            // Calls of the older kind have no id: the name stands for it on both sides.
            call.id = call.id.or_else(|| call.name.clone());
            Part::from(Content::ToolCall(call.into_call()))
        });
        parts.extend(calls);
        Ok(Message { role, name, parts })
    }
}
