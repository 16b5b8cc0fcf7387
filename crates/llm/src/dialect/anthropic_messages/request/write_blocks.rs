//! Parts written as blocks. Replies have the same blocks.

use super::super::citation;
use crate::chat::{
    CacheMark, CacheTime, Content, Maker, Media, MediaKind, Part, ReasoningPart, Signature, Source,
    ToolCall, ToolResult,
};
use crate::dialect::{arguments, signature};
use crate::json::Writer;

/// Who reads the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reads {
    /// Anthropic, which takes back only what its own models thought and signed.
    Provider,
    /// A client, which is shown all reasoning and keeps its signatures.
    Client,
}

/// Whether there is a block for a part. A text without a letter is an error at Anthropic.
pub(super) fn is_block(part: &Part<'_>, reads: Reads) -> bool {
    let is_said = |text: &str| match reads {
        Reads::Provider => !text.trim_ascii().is_empty(),
        Reads::Client => !text.is_empty(),
    };
    match &part.content {
        Content::Text(text) => is_said(&text.text),
        Content::Refusal(text) => is_said(text),
        Content::Json(_) | Content::ToolCall(_) | Content::ToolResult(_) => true,
        // A reply of Anthropic has no media; that it is lost is told.
        Content::Media(_) => reads == Reads::Provider,
        Content::Reasoning(ReasoningPart { text, signature, encrypted, id: _ }) => match reads {
            Reads::Provider => [signature, encrypted].into_iter().flatten().any(is_own),
            Reads::Client => signature.is_some() || encrypted.is_some() || !text.is_empty(),
        },
        Content::ProviderOnly(part) => part.maker == Maker::Anthropic,
    }
}

/// Whether Anthropic's own model has signed it.
fn is_own(signature: &Signature<'_>) -> bool {
    signature.maker == Maker::Anthropic
}

/// Writes the parts that there are blocks for, into an array that is open.
pub(in super::super) fn write_blocks(parts: &[Part<'_>], reads: Reads, w: &mut Writer<'_>) {
    let blocks = parts.iter().filter(|part| is_block(part, reads));
    blocks.for_each(|part| write_block(part, reads, w));
}

fn write_block(Part { content, cache }: &Part<'_>, reads: Reads, w: &mut Writer<'_>) {
    match content {
        Content::Text(text) => w.object(|w| {
            w.key("type").text("text");
            w.key("text").text(&text.text);
            let mut writable = text.citations.iter().filter(|one| citation::is_writable(one));
            if writable.clone().next().is_some() {
                w.key("citations")
                    .array(|w| writable.by_ref().for_each(|one| citation::write(one, w)));
            }
            write_mark(*cache, w);
        }),
        Content::Json(json) => write_text(json.as_str(), *cache, w),
        Content::Refusal(text) => write_text(text, *cache, w),
        Content::Media(media) => write_media(media, *cache, w),
        Content::ToolCall(call) => {
            write_call(call, *cache, w);
            if let (Some(signature), Reads::Client) = (&call.signature, reads) {
                write_redacted(&signature::of_call(signature), w);
            }
        }
        Content::ToolResult(result) => write_result(result, *cache, w),
        Content::Reasoning(reasoning) => write_reasoning(reasoning, reads, w),
        Content::ProviderOnly(part) => w.json(part.json.as_str()),
    }
}

fn write_text(text: &str, cache: Option<CacheMark>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("type").text("text");
        w.key("text").text(text);
        write_mark(cache, w);
    });
}

fn write_media(media: &Media<'_>, cache: Option<CacheMark>, w: &mut Writer<'_>) {
    let Media { kind, source, title, context, detail: _, is_cited, facts } = media;
    if let Some(facts) = facts {
        return write_text(facts.as_str(), cache, w);
    }
    let is_document = *kind == MediaKind::Document;
    w.object(|w| {
        w.key("type").text(if is_document { "document" } else { "image" });
        w.key("source").object(|w| write_source(source, w));
        if is_document {
            w.text_field("title", title.as_deref());
            w.text_field("context", context.as_deref());
            if *is_cited {
                w.key("citations").object(|w| w.truth_field("enabled", Some(true)));
            }
        }
        write_mark(cache, w);
    });
}

fn write_source(source: &Source<'_>, w: &mut Writer<'_>) {
    let (kind, media_type, name, value) = match source {
        Source::Bytes { media_type, base64 } => {
            ("base64", Some(media_type.as_ref()), "data", base64)
        }
        Source::Url { url, .. } => ("url", None, "url", url),
        Source::File { id } => ("file", None, "file_id", id),
        Source::Text(text) => ("text", Some("text/plain"), "data", text),
    };
    w.key("type").text(kind);
    w.text_field("media_type", media_type);
    w.key(name).text(value);
}

fn write_call(call: &ToolCall<'_>, cache: Option<CacheMark>, w: &mut Writer<'_>) {
    let ToolCall { id, name, arguments, is_free_form: _, signature: _ } = call;
    w.object(|w| {
        w.key("type").text("tool_use");
        w.key("id").text(id);
        w.key("name").text(name);
        w.key("input");
        arguments::write_object(arguments, w);
        write_mark(cache, w);
    });
}

fn write_result(result: &ToolResult<'_>, cache: Option<CacheMark>, w: &mut Writer<'_>) {
    let ToolResult { call_id, name: _, parts, is_error } = result;
    w.object(|w| {
        w.key("type").text("tool_result");
        w.key("tool_use_id").text(call_id);
        match &parts[..] {
            [Part { content: Content::Text(text), cache: None }] => {
                w.key("content").text(&text.text);
            }
            _ => w.key("content").array(|w| write_blocks(parts, Reads::Provider, w)),
        }
        w.truth_field("is_error", is_error.then_some(true));
        write_mark(cache, w);
    });
}

fn write_reasoning(reasoning: &ReasoningPart<'_>, reads: Reads, w: &mut Writer<'_>) {
    let ReasoningPart { text, signature, encrypted, id: _ } = reasoning;
    let is_read = |one: &&Signature<'_>| reads == Reads::Client || is_own(one);
    if let Some(encrypted) = encrypted.as_ref().filter(is_read) {
        write_redacted(encrypted, w);
    }
    let signature = signature.as_ref().filter(is_read);
    if signature.is_some() || (reads == Reads::Client && !text.is_empty()) {
        w.object(|w| {
            w.key("type").text("thinking");
            w.key("thinking").text(text);
            w.key("signature").texts(&signature.map_or([""; 2], signature::write));
        });
    }
}

fn write_redacted(encrypted: &Signature<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("type").text("redacted_thinking");
        w.key("data").texts(&signature::write(encrypted));
    });
}

pub(super) fn write_mark(mark: Option<CacheMark>, w: &mut Writer<'_>) {
    if let Some(mark) = mark {
        w.key("cache_control");
        write_mark_value(mark, w);
    }
}

pub(super) fn write_mark_value(mark: CacheMark, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("type").text("ephemeral");
        w.text_field("ttl", mark.time.map(CacheTime::as_str));
    });
}
