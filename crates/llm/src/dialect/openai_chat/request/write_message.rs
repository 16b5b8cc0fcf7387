//! Messages of OpenAI Chat, written from the form: each result of a tool is a message of its own,
//! and what else the user says comes after them.

use super::super::{reasoning, tool_call};
use super::content::write_content;
use crate::chat::{Content, Message, Part, ReasoningPart, Role, ToolCall, ToolResult};
use crate::dialect::Quirks;
use crate::json::Writer;

pub(super) fn write_messages(messages: &[Message<'_>], quirks: &Quirks, w: &mut Writer<'_>) {
    for message in messages {
        match message.role {
            Role::Assistant => write_assistant(message, quirks, w),
            Role::User => write_user(message, w),
            Role::Developer if !quirks.lacks_developer_role => {
                write_plain("developer", message, &content_of(&message.parts), w);
            }
            Role::System | Role::Developer => {
                write_plain("system", message, &content_of(&message.parts), w);
            }
        }
    }
}

/// Parts that stand in `content`.
fn content_of<'p, 'a>(parts: &'p [Part<'a>]) -> Vec<&'p Part<'a>> {
    let is_content = |part: &&Part<'_>| {
        matches!(part.content, Content::Text(_) | Content::Media(_) | Content::Json(_))
    };
    parts.iter().filter(is_content).collect()
}

fn write_user(message: &Message<'_>, w: &mut Writer<'_>) {
    let mut content = content_of(&message.parts);
    let mut has_results = false;
    let results = message.parts.iter().filter_map(|part| match &part.content {
        Content::ToolResult(result) => Some(result),
        _ => None,
    });
    for result in results {
        has_results = true;
        write_result(result, w);
        let is_media = |part: &&Part<'_>| matches!(part.content, Content::Media(_));
        content.extend(result.parts.iter().filter(is_media));
    }
    if !content.is_empty() || !has_results {
        write_plain("user", message, &content, w);
    }
}

fn write_result(result: &ToolResult<'_>, w: &mut Writer<'_>) {
    let ToolResult { call_id, name: _, parts, is_error: _ } = result;
    let content = content_of(parts);
    let content: Vec<_> =
        content.into_iter().filter(|part| !matches!(part.content, Content::Media(_))).collect();
    w.object(|w| {
        w.key("role").text("tool");
        w.key("tool_call_id").text(call_id);
        w.key("content");
        match content[..] {
            [] => w.text(""),
            [Part { content: Content::Json(json), .. }] => w.text(json.as_str()),
            _ => write_content(&content, w),
        }
    });
}

fn write_plain(role: &str, message: &Message<'_>, content: &[&Part<'_>], w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("role").text(role);
        w.text_field("name", message.name.as_deref());
        w.key("content");
        match content {
            [] => w.text(""),
            _ => write_content(content, w),
        }
    });
}

fn write_assistant(message: &Message<'_>, quirks: &Quirks, w: &mut Writer<'_>) {
    let content = content_of(&message.parts);
    let calls = || {
        message.parts.iter().filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        })
    };
    let refusal = message.parts.iter().find_map(|part| match &part.content {
        Content::Refusal(text) => Some(text.as_ref()),
        _ => None,
    });
    w.object(|w| {
        w.key("role").text("assistant");
        w.text_field("name", message.name.as_deref());
        w.key("content");
        match content[..] {
            [] => w.null(),
            _ => write_content(&content, w),
        }
        w.text_field("refusal", refusal);
        if quirks.takes_reasoning {
            write_reasoning(&message.parts, w);
        }
        if calls().next().is_some() {
            w.key("tool_calls").array(|w| {
                calls().for_each(|call| write_call(call, quirks, w));
            });
        }
    });
}

fn write_call(call: &ToolCall<'_>, quirks: &Quirks, w: &mut Writer<'_>) {
    if quirks.takes_reasoning || call.signature.is_none() {
        return tool_call::write(call, None, w);
    }
    tool_call::write(&ToolCall { signature: None, ..call.clone() }, None, w);
}

fn write_reasoning(parts: &[Part<'_>], w: &mut Writer<'_>) {
    let parts = parts.iter().filter_map(|part| match &part.content {
        Content::Reasoning(reasoning) => Some(reasoning),
        _ => None,
    });
    let parts: Vec<&ReasoningPart<'_>> = parts.collect();
    if parts.is_empty() {
        return;
    }
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_ref()).collect();
    w.key("reasoning_content").texts(&texts);
    let is_opaque =
        |part: &&ReasoningPart<'_>| part.signature.is_some() || part.encrypted.is_some();
    if parts.iter().any(is_opaque) {
        w.key("reasoning_details");
        reasoning::write_details(&parts, w);
    }
}
