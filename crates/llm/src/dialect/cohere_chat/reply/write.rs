//! A whole reply of Cohere, written from the form: the first answer, as there is one only.

use super::super::assistant::{self, Reads};
use super::super::{logprobs, usage, wire};
use crate::chat::{ChatReply, Choice, Finish};
use crate::dialect::Context;
use crate::json::Writer;

pub(in crate::dialect) fn write(reply: &ChatReply<'_>, context: &Context, writer: &mut Writer<'_>) {
    let ChatReply { id, model: _, created_s: _, choices, usage, service_class: _, fingerprint: _ } =
        reply;
    let none = Choice::default();
    let Choice { parts, finish, stop_text: _, logprobs } = choices.first().unwrap_or(&none);
    writer.object(|w| {
        w.key("id").text(id.as_deref().unwrap_or(&context.id));
        w.key("finish_reason").text(wire::finish_word(finish.unwrap_or(Finish::Stop)));
        w.key("message").object(|w| assistant::write(parts, Reads::Client, w));
        if let Some(used) = usage {
            w.key("usage");
            usage::write(used, w);
        }
        if let Some(tokens) = logprobs {
            w.key("logprobs").array(|w| tokens.iter().for_each(|token| logprobs::write(token, w)));
        }
    });
}
