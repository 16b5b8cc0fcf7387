//! A whole reply of Bedrock, written from the form: the first answer, as there is one only.

use super::super::media::Names;
use super::super::request::{Reads, write_blocks};
use super::super::{usage, wire};
use crate::chat::{ChatReply, Choice, Finish};
use crate::dialect::Context;
use crate::json::Writer;

pub(in crate::dialect) fn write(
    reply: &ChatReply<'_>,
    _context: &Context,
    writer: &mut Writer<'_>,
) {
    let ChatReply { id: _, model: _, created_s: _, choices, usage, service_class, fingerprint: _ } =
        reply;
    let none = Choice::default();
    let Choice { parts, finish, stop_text: _, logprobs: _ } = choices.first().unwrap_or(&none);
    writer.object(|w| {
        w.key("output").object(|w| {
            w.key("message").object(|w| {
                w.key("role").text("assistant");
                w.key("content").array(|w| {
                    write_blocks(parts, Reads::Client, &mut Names::default(), w);
                });
            });
        });
        w.key("stopReason").text(wire::finish_word(finish.unwrap_or(Finish::Stop)));
        write_end(&usage.unwrap_or_default(), service_class.as_deref(), w);
    });
}

/// What stands at the end of whole replies and of streams.
pub(in super::super) fn write_end(
    used: &crate::chat::Usage,
    service_class: Option<&str>,
    w: &mut Writer<'_>,
) {
    w.key("usage");
    usage::write(used, w);
    // It must be there; how long the model took is not known here.
    w.key("metrics").object(|w| w.count_field("latencyMs", Some(0)));
    if let Some(word) = service_class {
        w.key("serviceTier").object(|w| w.text_field("type", Some(word)));
    }
}
