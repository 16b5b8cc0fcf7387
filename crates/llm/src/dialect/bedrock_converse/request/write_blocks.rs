//! Parts written as blocks. Replies have the same blocks.

use super::super::media::{self, Names};
use super::super::{citation, redacted};
use crate::chat::{
    CacheMark, CacheTime, Content, Maker, MediaKind, Part, ReasoningPart, Signature, TextPart,
    ToolCall, ToolResult,
};
use crate::dialect::{arguments, signature};
use crate::json::Writer;

/// Who reads the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reads {
    /// Bedrock, whose Claude takes back only what it thought and signed itself.
    Provider,
    /// The same where no tools are described: a block of a call or a result would be an error.
    WithoutTools,
    /// A client, which is shown all reasoning and keeps its signatures.
    Client,
}

/// Whether there is a block for a content that a provider reads.
pub(super) fn is_block(content: &Content<'_>, reads: Reads) -> bool {
    let is_said = |text: &str| !text.trim_ascii().is_empty();
    match content {
        Content::Text(TextPart { text, citations }) => is_said(text) || !citations.is_empty(),
        Content::Json(json) => is_said(json.as_str()),
        Content::Refusal(text) => is_said(text),
        Content::Media(_) | Content::ToolCall(_) | Content::ToolResult(_) => true,
        Content::Reasoning(ReasoningPart { text, signature, encrypted, id: _ }) => match reads {
            Reads::Client => signature.is_some() || encrypted.is_some() || !text.is_empty(),
            _ => [signature, encrypted].into_iter().flatten().any(is_own),
        },
        Content::ProviderOnly(_) => false,
    }
}

/// Whether Claude has signed it.
fn is_own(signature: &Signature<'_>) -> bool {
    signature.maker == Maker::Anthropic
}

/// Writes the parts that there are blocks for, into an array that is open.
pub(in super::super) fn write_blocks(
    parts: &[Part<'_>],
    reads: Reads,
    names: &mut Names,
    w: &mut Writer<'_>,
) {
    for Part { content, cache } in parts {
        write_block(content, reads, names, w);
        // No point can be within the result of a tool; it comes after it.
        let within = match content {
            Content::ToolResult(result) => result.parts.iter().rev().find_map(|part| part.cache),
            _ => None,
        };
        write_mark(cache.or(within), w);
    }
}

fn write_block(content: &Content<'_>, reads: Reads, names: &mut Names, w: &mut Writer<'_>) {
    match content {
        Content::Text(text) => write_cited(text, w),
        Content::Json(json) => write_text(json.as_str(), w),
        Content::Refusal(text) => write_text(text, w),
        // A reply has images only; that others are lost is told.
        Content::Media(media) if reads == Reads::Client && media.kind != MediaKind::Image => {}
        Content::Media(media) => media::write(media, names, w),
        Content::ToolCall(call) if reads == Reads::WithoutTools => {
            let pieces = ["[tool call ", &call.id, ": ", &call.name, " ", &call.arguments, "]"];
            w.object(|w| w.key("text").texts(&pieces));
        }
        Content::ToolResult(result) if reads == Reads::WithoutTools => {
            let kind = if result.is_error { "[tool error " } else { "[tool result " };
            w.object(|w| w.key("text").texts(&[kind, &result.call_id, "]"]));
            result.parts.iter().for_each(|part| write_block(&part.content, reads, names, w));
        }
        Content::ToolCall(call) => {
            write_call(call, w);
            if let (Some(signature), Reads::Client) = (&call.signature, reads) {
                write_redacted(&signature::of_call(signature), w);
            }
        }
        Content::ToolResult(result) => write_result(result, names, w),
        Content::Reasoning(reasoning) => write_reasoning(reasoning, reads, w),
        Content::ProviderOnly(_) => {}
    }
}

/// A blank text is an error there.
fn write_text(text: &str, w: &mut Writer<'_>) {
    if !text.trim_ascii().is_empty() {
        w.object(|w| w.text_field("text", Some(text)));
    }
}

fn write_cited(TextPart { text, citations }: &TextPart<'_>, w: &mut Writer<'_>) {
    if citations.is_empty() {
        return write_text(text, w);
    }
    w.object(|w| {
        w.key("citationsContent").object(|w| {
            w.key("content").array(|w| w.object(|w| w.text_field("text", Some(text))));
            w.key("citations").array(|w| citations.iter().for_each(|one| citation::write(one, w)));
        });
    });
}

fn write_call(call: &ToolCall<'_>, w: &mut Writer<'_>) {
    let ToolCall { id, name, arguments, is_free_form: _, signature: _ } = call;
    w.object(|w| {
        w.key("toolUse").object(|w| {
            w.key("toolUseId").text(id);
            w.key("name").text(name);
            w.key("input");
            arguments::write_object(arguments, w);
        });
    });
}

fn write_result(result: &ToolResult<'_>, names: &mut Names, w: &mut Writer<'_>) {
    let ToolResult { call_id, name: _, parts, is_error } = result;
    w.object(|w| {
        w.key("toolResult").object(|w| {
            w.key("toolUseId").text(call_id);
            w.key("content").array(|w| {
                for part in parts {
                    match &part.content {
                        Content::Json(json) => w.object(|w| w.key("json").json(json.as_str())),
                        content => write_block(content, Reads::Provider, names, w),
                    }
                }
            });
            w.text_field("status", is_error.then_some("error"));
        });
    });
}

fn write_reasoning(reasoning: &ReasoningPart<'_>, reads: Reads, w: &mut Writer<'_>) {
    let ReasoningPart { text, signature, encrypted, id: _ } = reasoning;
    let is_read = |one: &&Signature<'_>| reads == Reads::Client || is_own(one);
    let block = |w: &mut Writer<'_>, body: &dyn Fn(&mut Writer<'_>)| {
        w.object(|w| w.key("reasoningContent").object(body));
    };
    if let Some(encrypted) = encrypted.as_ref().filter(is_read) {
        write_redacted(encrypted, w);
    }
    let signature = signature.as_ref().filter(is_read);
    if signature.is_some() || (reads == Reads::Client && !text.is_empty()) {
        block(w, &|w| {
            w.key("reasoningText").object(|w| {
                w.key("text").text(text);
                if let Some(signature) = signature {
                    w.key("signature").texts(&signature::write(signature));
                }
            });
        });
    }
}

fn write_redacted(encrypted: &Signature<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("reasoningContent").object(|w| {
            w.text_field("redactedContent", Some(&redacted::write(encrypted)));
        });
    });
}

pub(super) fn write_mark(mark: Option<CacheMark>, w: &mut Writer<'_>) {
    if let Some(CacheMark { time }) = mark {
        w.object(|w| {
            w.key("cachePoint").object(|w| {
                w.key("type").text("default");
                w.text_field("ttl", time.map(CacheTime::as_str));
            });
        });
    }
}
