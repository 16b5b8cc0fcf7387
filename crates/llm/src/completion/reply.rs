//! A whole reply of chat, told as a completion.

use super::logprobs;
use crate::chat::{ChatReply, Choice, Content, Finish};
use crate::dialect::{Context, openai_finish_word, write_openai_usage};
use crate::json::Writer;

pub(super) fn write(reply: &ChatReply<'_>, context: &Context, w: &mut Writer<'_>) {
    let ChatReply { id, model, created_s, choices, usage, service_class: _, fingerprint } = reply;
    w.object(|w| {
        match id {
            Some(id) => w.key("id").text(id),
            None => w.key("id").texts(&["cmpl-", &context.id]),
        }
        w.key("object").text("text_completion");
        w.key("created").count(created_s.unwrap_or(context.created_s));
        w.key("model").text(model.as_deref().unwrap_or(&context.model));
        w.text_field("system_fingerprint", fingerprint.as_deref());
        w.key("choices").array(|w| {
            for (place, choice) in (0..).zip(choices) {
                write_choice(place, choice, w);
            }
        });
        if let Some(usage) = usage {
            w.key("usage");
            write_openai_usage(usage, w);
        }
    });
}

fn write_choice(place: u64, choice: &Choice<'_>, w: &mut Writer<'_>) {
    let Choice { parts, finish, stop_text: _, logprobs } = choice;
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match &part.content {
            Content::Text(text) => Some(text.text.as_ref()),
            Content::Refusal(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    w.object(|w| {
        w.key("index").count(place);
        w.key("text").texts(&texts);
        match logprobs {
            Some(tokens) => logprobs::write(tokens, 0, w.key("logprobs")),
            None => w.key("logprobs").null(),
        }
        w.key("finish_reason").text(finish.map_or("stop", finish_word));
    });
}

/// The word for why an answer ended: completions know no calls of tools.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::ToolCalls => "stop",
        finish => openai_finish_word(finish),
    }
}
