//! A whole reply of OpenAI Chat, written from the form.

use super::super::{reasoning, tool_call, usage, wire};
use super::{wav, write_annotations, write_image, write_logprobs};
use crate::chat::{
    ChatReply, Choice, Citation, Content, Finish, Media, MediaKind, Part, ReasoningPart, Source,
};
use crate::dialect::Context;
use crate::json::Writer;

pub(in crate::dialect) fn write(reply: &ChatReply<'_>, context: &Context, writer: &mut Writer<'_>) {
    let ChatReply { id, model, created_s, choices, usage, service_class, fingerprint } = reply;
    writer.object(|w| {
        match id {
            Some(id) => w.key("id").text(id),
            None => w.key("id").texts(&["chatcmpl-", &context.id]),
        }
        w.key("object").text("chat.completion");
        w.key("created").count(created_s.unwrap_or(context.created_s));
        w.key("model").text(model.as_deref().unwrap_or(&context.model));
        w.key("choices").array(|w| {
            for (index, choice) in (0..).zip(choices) {
                write_choice(index, choice, w);
            }
        });
        if let Some(used) = usage {
            w.key("usage");
            usage::write(used, w);
        }
        w.text_field("service_tier", service_class.as_deref());
        w.text_field("system_fingerprint", fingerprint.as_deref());
    });
}

fn write_choice(index: u64, choice: &Choice<'_>, writer: &mut Writer<'_>) {
    let Choice { parts, finish, stop_text: _, logprobs } = choice;
    writer.object(|w| {
        w.key("index").count(index);
        w.key("message").object(|w| write_message(parts, w));
        match logprobs {
            Some(tokens) => {
                w.key("logprobs");
                write_logprobs(tokens, w);
            }
            None => w.key("logprobs").null(),
        }
        w.key("finish_reason").text(wire::finish_word(finish.unwrap_or(Finish::Stop)));
    });
}

fn write_message(parts: &[Part<'_>], w: &mut Writer<'_>) {
    w.key("role").text("assistant");
    let texts: Vec<&str> = parts.iter().filter_map(text_of).collect();
    match texts[..] {
        [] => w.key("content").null(),
        _ => w.key("content").texts(&texts),
    }
    let refusal = parts.iter().find_map(|part| match &part.content {
        Content::Refusal(text) => Some(text.as_ref()),
        _ => None,
    });
    match refusal {
        Some(refusal) => w.key("refusal").text(refusal),
        None => w.key("refusal").null(),
    }
    write_reasoning(parts, w);
    write_media(parts, w);
    let calls = || {
        parts.iter().filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        })
    };
    if calls().next().is_some() {
        w.key("tool_calls").array(|w| calls().for_each(|call| tool_call::write(call, None, w)));
    }
    w.key("annotations");
    write_annotations(citations(parts), w);
}

fn text_of<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match &part.content {
        Content::Text(text) => Some(&text.text),
        Content::Json(json) => Some(json.as_str()),
        _ => None,
    }
}

fn citations<'p>(parts: &'p [Part<'p>]) -> impl Iterator<Item = &'p Citation<'p>> {
    parts.iter().flat_map(|part| match &part.content {
        Content::Text(text) => text.citations.as_slice(),
        _ => &[],
    })
}

fn write_reasoning(parts: &[Part<'_>], w: &mut Writer<'_>) {
    let parts = parts.iter().filter_map(|part| match &part.content {
        Content::Reasoning(reasoning) => Some(reasoning),
        _ => None,
    });
    let parts: Vec<&ReasoningPart<'_>> = parts.collect();
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_ref()).collect();
    if texts.iter().any(|text| !text.is_empty()) {
        w.key("reasoning_content").texts(&texts);
    }
    let is_opaque =
        |part: &&ReasoningPart<'_>| part.signature.is_some() || part.encrypted.is_some();
    if parts.iter().any(is_opaque) {
        w.key("reasoning_details");
        reasoning::write_details(&parts, w);
    }
}

fn write_media(parts: &[Part<'_>], w: &mut Writer<'_>) {
    let media = || {
        parts.iter().filter_map(|part| match &part.content {
            Content::Media(media) => Some(media),
            _ => None,
        })
    };
    let images = || media().filter(|media| media.kind == MediaKind::Image);
    if images().next().is_some() {
        w.key("images").array(|w| {
            for (index, image) in (0..).zip(images()) {
                write_image(index, &image.source, w);
            }
        });
    }
    let audio = media().find(|media| media.kind == MediaKind::Audio);
    if let Some(Media { source: Source::Bytes { media_type, base64 }, context, .. }) = audio {
        let file = wav::with_head(media_type, base64);
        w.key("audio").object(|w| {
            // It can be named by nobody: an id must be there, and it has expired.
            w.key("id").text("audio");
            w.key("data").text(&file);
            w.key("expires_at").count(0);
            w.key("transcript").text(context.as_deref().unwrap_or_default());
        });
    }
}
