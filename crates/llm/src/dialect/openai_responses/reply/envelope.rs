//! The object around an answer, whole or in an event: who it is, how far, and the fields that
//! clients expect to find although nobody asked for anything.

use super::super::{error, usage};
use crate::chat::{ChatError, ChatReply, Usage};
use crate::dialect::Context;
use crate::json::Writer;

/// Who a response is.
#[derive(Debug)]
pub(in super::super) struct Envelope {
    pub(in super::super) id: String,
    pub(in super::super) model: String,
    pub(in super::super) created_s: u64,
    pub(in super::super) service_class: Option<String>,
}

/// How far a response is.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Ending<'e> {
    pub(in super::super) status: &'static str,
    /// Why it is incomplete.
    pub(in super::super) reason: Option<&'static str>,
    pub(in super::super) error: Option<&'e ChatError>,
    pub(in super::super) usage: Option<&'e Usage>,
}

impl Envelope {
    /// What is told where the provider says nothing.
    pub(in super::super) fn new(context: &Context) -> Self {
        Self {
            id: format!("resp_{}", context.id),
            model: context.model.clone(),
            created_s: context.created_s,
            service_class: None,
        }
    }

    pub(super) fn of_reply(reply: &ChatReply<'_>, context: &Context) -> Self {
        let ChatReply { id, model, created_s, choices: _, usage: _, service_class, fingerprint: _ } =
            reply;
        let none = Self::new(context);
        Self {
            id: id.as_deref().map_or(none.id, str::to_owned),
            model: model.as_deref().map_or(none.model, str::to_owned),
            created_s: created_s.unwrap_or(none.created_s),
            service_class: service_class.as_deref().map(str::to_owned),
        }
    }

    /// Writes the response; `output` writes its items.
    pub(in super::super) fn write(
        &self,
        ending: Ending<'_>,
        output: impl FnOnce(&mut Writer<'_>),
        writer: &mut Writer<'_>,
    ) {
        let Ending { status, reason, error, usage } = ending;
        writer.object(|w| {
            w.key("id").text(&self.id);
            w.key("object").text("response");
            w.key("created_at").count(self.created_s);
            w.key("status").text(status);
            w.key("background").truth(false);
            match error {
                Some(error) => {
                    w.key("error");
                    error::write_late(error, w);
                }
                None => w.key("error").null(),
            }
            match reason {
                Some(reason) => w.key("incomplete_details").object(|w| {
                    w.key("reason").text(reason);
                }),
                None => w.key("incomplete_details").null(),
            }
            w.key("model").text(&self.model);
            w.key("output").array(output);
            w.text_field("service_tier", self.service_class.as_deref());
            write_unasked(w);
            match usage {
                Some(used) => {
                    w.key("usage");
                    usage::write(used, w);
                }
                None => w.key("usage").null(),
            }
        });
    }
}

/// What a response says again of its request, as if nothing had been asked for: the request is gone
/// by then. Typed clients fail where these are missing.
fn write_unasked(w: &mut Writer<'_>) {
    for name in ["instructions", "max_output_tokens", "previous_response_id", "temperature"] {
        w.key(name).null();
    }
    w.key("metadata").object(|_| {});
    w.key("parallel_tool_calls").truth(true);
    w.key("reasoning").object(|w| {
        w.key("effort").null();
        w.key("summary").null();
    });
    w.key("store").truth(false);
    w.key("text").object(|w| w.key("format").object(|w| w.text_field("type", Some("text"))));
    w.key("tool_choice").text("auto");
    w.key("tools").array(|_| {});
    w.key("top_p").null();
    w.key("truncation").text("disabled");
    w.key("user").null();
}
