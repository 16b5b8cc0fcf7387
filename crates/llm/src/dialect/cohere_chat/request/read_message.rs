//! Messages of Cohere, read to the form: results of tools join to one message of the user.

use super::super::assistant::Assistant;
use super::content;
use crate::chat::{Content, Message, Part, Role, Text, ToolResult};
use crate::json::{Cursor, JsonError};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Message<'a>>, JsonError> {
    let mut messages: Vec<Message<'a>> = Vec::new();
    // Whether the last one is of results. Each is looked at once: there may be very many.
    let mut has_results = false;
    cursor.array(|cursor| {
        let message = read_message(cursor)?;
        let had_results = std::mem::replace(&mut has_results, is_results(&message));
        match messages.last_mut() {
            Some(last) if had_results && has_results => {
                last.parts.extend(message.parts);
            }
            _ => messages.push(message),
        }
        Ok(())
    })?;
    Ok(messages)
}

/// Whether the message is nothing but results of tools.
pub(super) fn is_results(message: &Message<'_>) -> bool {
    let is_result = |part: &Part<'_>| matches!(part.content, Content::ToolResult(_));
    !message.parts.is_empty() && message.parts.iter().all(is_result)
}

fn read_message<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, JsonError> {
    let role = read_role(&mut cursor.clone_at())?;
    let parts = match role.as_ref() {
        "assistant" => read_assistant(cursor)?,
        "tool" => vec![Content::ToolResult(read_result(cursor)?).into()],
        "system" | "user" => read_plain(cursor)?,
        _ => return Err(cursor.wrong("must have a role: system, user, assistant or tool")),
    };
    let role = match role.as_ref() {
        "system" => Role::System,
        "assistant" => Role::Assistant,
        _ => Role::User,
    };
    Ok(Message { role, name: None, parts })
}

/// The role, on which it depends what the rest means, may come last.
fn read_role<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut role = Text::default();
    cursor.object(|cursor, name| match name {
        "role" => cursor.text().map(|word| role = word),
        _ => cursor.skip(),
    })?;
    Ok(role)
}

fn read_assistant<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Part<'a>>, JsonError> {
    let mut assistant = Assistant::default();
    cursor.object(|cursor, name| match name {
        "role" => cursor.skip(),
        _ => assistant.read_field(cursor, name),
    })?;
    Ok(assistant.into_parts(|place| format!("call_{place}")))
}

fn read_result<'a>(cursor: &mut Cursor<'a>) -> Result<ToolResult<'a>, JsonError> {
    let (mut call_id, mut parts) = (None, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "tool_call_id" => call_id = Some(cursor.text()?),
            "content" => parts = content::read(cursor, true)?,
            "role" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let call_id = call_id.ok_or_else(|| cursor.wrong("must have a tool_call_id"))?;
    Ok(ToolResult { call_id, name: None, parts, is_error: false })
}

fn read_plain<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Part<'a>>, JsonError> {
    let mut parts = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "content" => parts = content::read(cursor, false)?,
            "role" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(parts)
}
