//! A whole reply of Gemini, written from the form.

use super::super::request::{Reads, Turn};
use super::super::{grounding, logprobs, usage, wire};
use crate::chat::{ChatReply, Choice, Finish};
use crate::dialect::Context;
use crate::json::Writer;
use crate::time;

pub(in crate::dialect) fn write(reply: &ChatReply<'_>, context: &Context, writer: &mut Writer<'_>) {
    let ChatReply { id, model, created_s, choices, usage, service_class, fingerprint: _ } = reply;
    writer.object(|w| {
        w.key("candidates").array(|w| {
            for (index, choice) in (0..).zip(choices) {
                write_candidate(index, choice, w);
            }
        });
        usage::write(usage.as_ref(), service_class.as_deref(), w);
        w.text_field("createTime", created_s.map(time::write).as_deref());
        w.key("modelVersion").text(model.as_deref().unwrap_or(&context.model));
        w.key("responseId").text(id.as_deref().unwrap_or(&context.id));
    });
}

fn write_candidate(index: u64, choice: &Choice<'_>, w: &mut Writer<'_>) {
    let Choice { parts, finish, stop_text: _, logprobs } = choice;
    let names = std::collections::HashMap::new();
    let mut turn = Turn::new(Reads::Client, &names);
    w.object(|w| {
        w.key("content").object(|w| {
            w.key("parts").array(|w| parts.iter().for_each(|part| turn.write(part, w)));
            w.key("role").text("model");
        });
        w.key("finishReason").text(wire::finish_word(finish.unwrap_or(Finish::Stop)));
        w.key("index").count(index);
        grounding::write(&turn.cited, w);
        if let Some(tokens) = logprobs {
            logprobs::write(tokens, w);
        }
    });
}
