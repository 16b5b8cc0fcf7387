//! The words of an answer.

use super::check::ChatModel;
use super::{Mock, MockReply};
use crate::chat::{
    ChatRequest, Content, Media, MediaKind, Message, Part, Role, Source, ToolResult,
};

/// What the model `fixed` says where the settings give it no words.
const FIXED: &str = "This is the mock provider. It always says the same.";

/// The words of the settings, or of the user, by model and turn.
pub(super) fn words(mock: &Mock, model: ChatModel, request: &ChatRequest<'_>) -> String {
    match (&mock.reply, model) {
        (_, ChatModel::Echo) => echo(request),
        (MockReply::Fixed(text), _) => text.clone(),
        (MockReply::Script(texts), _) if !texts.is_empty() => {
            let of_assistant = |message: &&Message<'_>| message.role == Role::Assistant;
            texts[request.messages.iter().filter(of_assistant).count() % texts.len()].clone()
        }
        (_, ChatModel::Fixed) => FIXED.to_owned(),
        _ => echo(request),
    }
}

/// What the user said last; where that was nothing but results of tools, what those are.
fn echo(request: &ChatRequest<'_>) -> String {
    let said = last_said(request);
    if said.is_empty() { quote(request) } else { said }
}

/// The text and media of the last message that has any and is not the model's own.
pub(super) fn last_said(request: &ChatRequest<'_>) -> String {
    let is_other = |message: &&Message<'_>| message.role != Role::Assistant;
    let last = request.messages.iter().rfind(is_other);
    last.map(|message| said(&message.parts)).unwrap_or_default()
}

fn said(parts: &[Part<'_>]) -> String {
    let said = parts.iter().filter_map(|part| match &part.content {
        Content::Text(text) => Some(text.text.to_string()),
        Content::Json(json) => Some(json.as_str().to_owned()),
        Content::Media(media) => Some(name(media)),
        Content::Refusal(text) => Some(text.to_string()),
        _ => None,
    });
    said.collect::<Vec<_>>().join("\n")
}

/// Media by kind and size.
fn name(media: &Media<'_>) -> String {
    let kind = match media.kind {
        MediaKind::Image => "image",
        MediaKind::Document => "document",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    };
    match &media.source {
        Source::Bytes { media_type, base64 } => {
            let bytes = base64.trim_end_matches('=').len() * 3 / 4;
            format!("[{kind} {media_type}, {bytes} bytes]")
        }
        Source::Url { url, media_type: _ } => format!("[{kind} {url}]"),
        Source::File { id } => format!("[{kind} {id}]"),
        Source::Text(text) => format!("[{kind} text/plain, {} bytes]", text.len()),
    }
}

/// The results that came since the model spoke last.
pub(super) fn new_results<'r>(request: &'r ChatRequest<'_>) -> Vec<&'r ToolResult<'r>> {
    let since = request.messages.iter().rposition(|message| message.role == Role::Assistant);
    let new = request.messages.iter().skip(since.map_or(0, |place| place + 1));
    let parts = new.flat_map(|message| &message.parts);
    let results = parts.filter_map(|part| match &part.content {
        Content::ToolResult(result) => Some(result),
        _ => None,
    });
    results.collect()
}

/// What the tools answered, a line each.
pub(super) fn quote(request: &ChatRequest<'_>) -> String {
    let lines = new_results(request).into_iter().map(|result| {
        let name = result.name.as_deref().or_else(|| called(request, &result.call_id));
        let word = if result.is_error { "failed" } else { "answered" };
        format!("{} {word}: {}", name.unwrap_or("The tool"), said(&result.parts))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The name of the tool that was called by that id.
fn called<'r>(request: &'r ChatRequest<'_>, id: &str) -> Option<&'r str> {
    let mut parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.find_map(|part| match &part.content {
        Content::ToolCall(call) if call.id == id => Some(call.name.as_ref()),
        _ => None,
    })
}
