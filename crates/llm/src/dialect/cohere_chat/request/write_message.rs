//! Messages of Cohere, written from the form: each result of a tool is a message of its own, and
//! what else the user says comes after them.

use super::super::assistant::{self, Reads};
use super::content;
use crate::chat::{Content, Media, MediaKind, Message, Part, Role, ToolResult};
use crate::json::Writer;

pub(super) fn write(messages: &[Message<'_>], w: &mut Writer<'_>) {
    for message in messages {
        match message.role {
            Role::Assistant => {
                w.object(|w| assistant::write(&message.parts, Reads::Provider, w));
            }
            Role::User => write_user(&message.parts, w),
            Role::System | Role::Developer => write_plain("system", &said(&message.parts), w),
        }
    }
}

/// Parts that stand in `content`.
fn said<'p, 'a>(parts: &'p [Part<'a>]) -> Vec<&'p Part<'a>> {
    let is_said = |part: &&Part<'_>| match &part.content {
        Content::Text(_) | Content::Json(_) | Content::Refusal(_) => true,
        Content::Media(media) => media.kind == MediaKind::Image,
        _ => false,
    };
    parts.iter().filter(is_said).collect()
}

/// The documents of the conversation, which stand beside it.
pub(super) fn documents<'p, 'a>(
    messages: &'p [Message<'a>],
) -> impl Iterator<Item = &'p Media<'a>> + Clone {
    messages.iter().flat_map(|message| &message.parts).filter_map(|part| match &part.content {
        Content::Media(media) if media.kind == MediaKind::Document => Some(media),
        _ => None,
    })
}

fn write_user(parts: &[Part<'_>], w: &mut Writer<'_>) {
    let mut spoken = said(parts);
    let mut is_elsewhere = false;
    for part in parts {
        match &part.content {
            Content::ToolResult(result) => {
                is_elsewhere = true;
                write_result(result, w);
                spoken.extend(result.parts.iter().filter(|part| content::is_image(part)));
            }
            Content::Media(media) => is_elsewhere |= media.kind == MediaKind::Document,
            _ => {}
        }
    }
    if !spoken.is_empty() || !is_elsewhere {
        write_plain("user", &spoken, w);
    }
}

fn write_result(result: &ToolResult<'_>, w: &mut Writer<'_>) {
    let ToolResult { call_id, name: _, parts, is_error: _ } = result;
    w.object(|w| {
        w.key("role").text("tool");
        w.key("tool_call_id").text(call_id);
        w.key("content");
        content::write_result(parts, w);
    });
}

fn write_plain(role: &str, content: &[&Part<'_>], w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("role").text(role);
        w.key("content");
        match content {
            [] => w.text(""),
            _ => content::write(content, w),
        }
    });
}
