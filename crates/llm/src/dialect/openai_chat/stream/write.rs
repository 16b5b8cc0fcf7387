//! Events to chunks.

use super::super::reply::write_logprobs;
use super::super::{error, tool_call, usage, wire};
use super::write_delta;
use crate::chat::{ChatEvent, MediaKind, PartKind, Text, ToolCall, Usage};
use crate::dialect::Context;
use crate::frame::FrameWriter;
use crate::json;

/// Writes a stream of chunks.
#[derive(Debug)]
pub struct Writer {
    head: Head,
    stream_usage: bool,
    usage: Option<Usage>,
    pub(super) answers: Vec<Answer>,
}

/// What every chunk says again.
#[derive(Debug)]
struct Head {
    id: String,
    model: String,
    created_s: u64,
    service_class: Option<String>,
    fingerprint: Option<String>,
}

/// Where an answer is.
#[derive(Debug, Default)]
pub(super) struct Answer {
    has_role: bool,
    /// Parts that are calls, in order: their places are the indexes of the calls.
    pub(super) calls: Vec<u32>,
    /// The field that text of the open part goes to.
    pub(super) text_field: &'static str,
    /// The open image: its bytes go out together.
    pub(super) image: Option<(String, String)>,
    pub(super) images: u64,
}

impl Writer {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        let head = Head {
            id: format!("chatcmpl-{}", context.id),
            model: context.model.clone(),
            created_s: context.created_s,
            service_class: None,
            fingerprint: None,
        };
        let stream_usage = context.stream_usage;
        Self { head, stream_usage, usage: None, answers: Vec::new() }
    }

    pub(in crate::dialect) fn write(
        &mut self,
        event: &ChatEvent<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        match event {
            ChatEvent::Start { id, model, created_s, service_class, fingerprint } => {
                let head = &mut self.head;
                id.iter().for_each(|id| id.as_ref().clone_into(&mut head.id));
                model.iter().for_each(|model| model.as_ref().clone_into(&mut head.model));
                head.created_s = created_s.unwrap_or(head.created_s);
                head.service_class = service_class.as_deref().map(str::to_owned);
                head.fingerprint = fingerprint.as_deref().map(str::to_owned);
                self.delta(0, frames, out, |_| {});
            }
            ChatEvent::PartStart { choice, part, kind } => {
                self.start((*choice, *part), kind, frames, out);
            }
            ChatEvent::PartDelta { choice, part, delta } => {
                write_delta::write(self, (*choice, *part), delta, frames, out);
            }
            ChatEvent::PartEnd { choice, .. } => {
                write_delta::end_image(self, *choice, frames, out);
            }
            ChatEvent::Logprobs { choice, tokens } => self.chunk(*choice, frames, out, |w| {
                w.key("delta").object(|_| {});
                w.key("logprobs");
                write_logprobs(tokens, w);
                w.key("finish_reason").null();
            }),
            ChatEvent::Finish { choice, finish, stop_text: _ } => {
                self.chunk(*choice, frames, out, |w| {
                    w.key("delta").object(|_| {});
                    w.key("logprobs").null();
                    w.key("finish_reason").text(wire::finish_word(*finish));
                });
            }
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::Error(failure) => frames.event(out, "", |w| error::write(failure, w)),
            ChatEvent::End => {
                self.end(frames, out);
                frames.done(out);
            }
        }
    }

    fn start(
        &mut self,
        (choice, part): (u32, u32),
        kind: &PartKind<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        let answer = self.answer(choice);
        match kind {
            PartKind::Text => answer.text_field = "content",
            PartKind::Reasoning { .. } => answer.text_field = "reasoning_content",
            PartKind::Refusal => answer.text_field = "refusal",
            PartKind::Media(MediaKind::Image) => answer.image = Some(Default::default()),
            PartKind::Media(_) | PartKind::ProviderOnly(_) => {}
            PartKind::ToolCall { id, name, is_free_form } => {
                let index = answer.calls.len() as u64;
                answer.calls.push(part);
                let call = ToolCall {
                    id: Text::Borrowed(id),
                    name: Text::Borrowed(name),
                    arguments: Text::default(),
                    is_free_form: *is_free_form,
                    signature: None,
                };
                self.delta(choice, frames, out, |w| {
                    w.key("tool_calls").array(|w| tool_call::write(&call, Some(index), w));
                });
            }
        }
    }

    /// A chunk whose one choice has a delta.
    pub(super) fn delta(
        &mut self,
        choice: u32,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
        body: impl FnOnce(&mut json::Writer<'_>),
    ) {
        let is_first = !std::mem::replace(&mut self.answer(choice).has_role, true);
        self.chunk(choice, frames, out, |w| {
            w.key("delta").object(|w| {
                w.text_field("role", is_first.then_some("assistant"));
                body(w);
            });
            w.key("logprobs").null();
            w.key("finish_reason").null();
        });
    }

    /// A chunk with one choice.
    fn chunk(
        &mut self,
        choice: u32,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
        body: impl FnOnce(&mut json::Writer<'_>),
    ) {
        let head = &self.head;
        frames.event(out, "", |w| {
            w.object(|w| {
                head.write(w);
                w.key("choices").array(|w| {
                    w.object(|w| {
                        w.key("index").count(u64::from(choice));
                        body(w);
                    });
                });
            });
        });
    }

    /// The chunk with usage, for clients that asked for it.
    fn end(&self, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(used) = self.usage.filter(|_| self.stream_usage) else { return };
        frames.event(out, "", |w| {
            w.object(|w| {
                self.head.write(w);
                w.key("choices").array(|_| {});
                w.key("usage");
                usage::write(&used, w);
            });
        });
    }

    pub(super) fn answer(&mut self, choice: u32) -> &mut Answer {
        let place = choice as usize;
        if self.answers.len() <= place {
            self.answers.resize_with(place + 1, Answer::default);
        }
        &mut self.answers[place]
    }
}

impl Head {
    fn write(&self, w: &mut json::Writer<'_>) {
        w.key("id").text(&self.id);
        w.key("object").text("chat.completion.chunk");
        w.key("created").count(self.created_s);
        w.key("model").text(&self.model);
        w.text_field("service_tier", self.service_class.as_deref());
        w.text_field("system_fingerprint", self.fingerprint.as_deref());
    }
}
