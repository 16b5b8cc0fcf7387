//! A whole reply of Anthropic, written from the form: the first answer, as there is one only.

use super::super::request::{Reads, write_blocks};
use super::super::{usage, wire};
use crate::chat::{ChatReply, Choice, Finish};
use crate::dialect::Context;
use crate::json::Writer;

pub(in crate::dialect) fn write(reply: &ChatReply<'_>, context: &Context, writer: &mut Writer<'_>) {
    let ChatReply { id, model, created_s: _, choices, usage, service_class, fingerprint: _ } =
        reply;
    let none = Choice::default();
    let Choice { parts, finish, stop_text, logprobs: _ } = choices.first().unwrap_or(&none);
    writer.object(|w| {
        match id {
            Some(id) => w.key("id").text(id),
            None => w.key("id").texts(&["msg_", &context.id]),
        }
        w.key("type").text("message");
        w.key("role").text("assistant");
        w.key("model").text(model.as_deref().unwrap_or(&context.model));
        w.key("content").array(|w| write_blocks(parts, Reads::Client, w));
        w.key("stop_reason").text(wire::finish_word(finish.unwrap_or(Finish::Stop)));
        match stop_text {
            Some(text) => w.key("stop_sequence").text(text),
            None => w.key("stop_sequence").null(),
        }
        w.key("usage");
        usage::write(&usage.unwrap_or_default(), service_class.as_deref(), w);
    });
}
