//! The conversation, written as instructions and items.

use std::collections::HashSet;

use super::super::item::{Head, Item, Reads, items};
use crate::chat::{
    Content, Maker, Media, MediaKind, Message, Part, ReasoningPart, Role, Source, TextPart,
    ToolResult,
};
use crate::dialect::Quirks;
use crate::dialect::media::link_of_source;
use crate::json::Writer;

pub(super) fn write_conversation(messages: &[Message<'_>], quirks: &Quirks, w: &mut Writer<'_>) {
    let (instructions, messages) = match messages {
        [Message { role: Role::System, name: _, parts }, rest @ ..] => match &parts[..] {
            [Part { content: Content::Text(text), .. }] => (Some(&text.text), rest),
            _ => (None, messages),
        },
        _ => (None, messages),
    };
    w.text_field("instructions", instructions.map(AsRef::as_ref));
    let calls = messages.iter().flat_map(|message| &message.parts);
    let free_form = calls.filter_map(|part| match &part.content {
        Content::ToolCall(call) if call.is_free_form => Some(call.id.as_ref()),
        _ => None,
    });
    let free_form: HashSet<&str> = free_form.collect();
    w.key("input").array(|w| {
        for Message { role, name: _, parts } in messages {
            match role {
                Role::Assistant => write_answer(parts, quirks, w),
                Role::Developer if !quirks.lacks_developer_role => {
                    write_others("developer", parts, &free_form, w);
                }
                Role::System | Role::Developer => write_others("system", parts, &free_form, w),
                Role::User => write_others("user", parts, &free_form, w),
            }
        }
    });
}

/// Whether the conversation has reasoning that only OpenAI can read.
pub(super) fn has_own_reasoning(messages: &[Message<'_>]) -> bool {
    let mut parts = messages.iter().flat_map(|message| &message.parts);
    parts.any(|part| match &part.content {
        Content::Reasoning(ReasoningPart { encrypted: Some(encrypted), .. }) => {
            encrypted.maker == Maker::Openai
        }
        _ => false,
    })
}

fn write_answer(parts: &[Part<'_>], quirks: &Quirks, w: &mut Writer<'_>) {
    let reads = Reads::Provider { takes_reasoning: quirks.takes_reasoning };
    for item in items(parts, reads) {
        let Item::Message(said) = &item else {
            item.write(Head::default(), w);
            continue;
        };
        let is_plain = said.iter().all(|said| !said.is_refusal && said.citations.count() == 0);
        if !is_plain {
            item.write(Head::default(), w);
            continue;
        }
        // Plain texts are said in the short form, which has no ids to make up.
        for text in said {
            w.object(|w| {
                w.key("type").text("message");
                w.key("role").text("assistant");
                w.key("content").text(&text.text);
            });
        }
    }
}

/// Writes what is not the model's: results of tools are items of their own, what stands between
/// them is a message.
fn write_others(role: &str, parts: &[Part<'_>], free_form: &HashSet<&str>, w: &mut Writer<'_>) {
    let is_own_item =
        |part: &Part<'_>| matches!(part.content, Content::ToolResult(_) | Content::ProviderOnly(_));
    for run in parts.chunk_by(|one, other| !is_own_item(one) && !is_own_item(other)) {
        match run {
            [Part { content: Content::ToolResult(result), cache: _ }] => {
                write_result(result, free_form, w);
            }
            [Part { content: Content::ProviderOnly(only), cache: _ }] => {
                if only.maker == Maker::Openai {
                    w.json(only.json.as_str());
                }
            }
            run => w.object(|w| {
                w.key("type").text("message");
                w.key("role").text(role);
                w.key("content");
                write_content(run, w);
            }),
        }
    }
}

fn write_result(result: &ToolResult<'_>, free_form: &HashSet<&str>, w: &mut Writer<'_>) {
    let ToolResult { call_id, name: _, parts, is_error: _ } = result;
    let is_free_form = free_form.contains(call_id.as_ref());
    let kind = if is_free_form { "custom_tool_call_output" } else { "function_call_output" };
    w.object(|w| {
        w.key("type").text(kind);
        w.key("call_id").text(call_id);
        w.key("output");
        match parts.is_empty() {
            true => w.text(""),
            false => write_content(parts, w),
        }
    });
}

/// One plain text as a string, else a list of parts.
fn write_content(parts: &[Part<'_>], w: &mut Writer<'_>) {
    if let [Part { content: Content::Text(text), .. }] = parts {
        return w.text(&text.text);
    }
    w.array(|w| parts.iter().for_each(|part| write_part(&part.content, w)));
}

fn write_part(content: &Content<'_>, w: &mut Writer<'_>) {
    match content {
        Content::Text(TextPart { text, citations: _ }) | Content::Refusal(text) => {
            write_text(&[text], w);
        }
        Content::Json(json) => write_text(&[json.as_str()], w),
        Content::Media(media) => write_media(media, w),
        // Calls, results and reasoning are no content; what is another's own was refused before.
        _ => {}
    }
}

fn write_text(pieces: &[&str], w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("type").text("input_text");
        w.key("text").texts(pieces);
    });
}

fn write_media(media: &Media<'_>, w: &mut Writer<'_>) {
    let Media { kind, source, title, context: _, detail, is_cited: _, facts } = media;
    if let Some(facts) = facts {
        return write_text(&[facts.as_str()], w);
    }
    match (source, kind) {
        (Source::Text(text), _) => match title {
            Some(title) => write_text(&[title, "\n\n", text], w),
            None => write_text(&[text], w),
        },
        (source, MediaKind::Image) => w.object(|w| {
            w.key("type").text("input_image");
            w.key("detail").text(detail.as_deref().unwrap_or("auto"));
            write_source(source, "image_url", w);
        }),
        (source, _) => w.object(|w| {
            w.key("type").text("input_file");
            let is_named = matches!(source, Source::Bytes { .. });
            // A file with bytes must have a name.
            let name = title.as_deref().or(is_named.then_some("document"));
            w.text_field("filename", name.filter(|_| is_named));
            let is_link = matches!(source, Source::Url { .. });
            write_source(source, if is_link { "file_url" } else { "file_data" }, w);
        }),
    }
}

fn write_source(source: &Source<'_>, link_name: &str, w: &mut Writer<'_>) {
    if let Source::File { id } = source {
        w.key("file_id").text(id);
    } else if let Some(link) = link_of_source(source) {
        w.key(link_name).texts(&link);
    }
}
