//! The form's events to Anthropic's.
//!
//! The first event waits for the second, as usage of the prompt belongs into it; the reason why the
//! answer ended waits for the end, as usage of the answer belongs beside it.

use super::super::{citation, error, usage, wire};
use crate::chat::{ChatEvent, Delta, Finish, PartKind, Signature, Usage};
use crate::dialect::{Context, signature};
use crate::failure;
use crate::frame::FrameWriter;
use crate::json;

/// Writes a stream of Anthropic's events.
#[derive(Debug)]
pub struct Writer {
    id: String,
    model: String,
    service_class: Option<String>,
    /// Whether the first event has gone.
    has_begun: bool,
    usage: Option<Usage>,
    blocks: Vec<Block>,
    next_block: u64,
    finish: Option<(Finish, Option<String>)>,
}

/// A block that is open.
#[derive(Debug)]
struct Block {
    part: u32,
    index: u64,
    is_reasoning: bool,
}

impl Writer {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self {
            id: format!("msg_{}", context.id),
            model: context.model.clone(),
            service_class: None,
            has_begun: false,
            usage: None,
            blocks: Vec::new(),
            next_block: 0,
            finish: None,
        }
    }

    pub(in crate::dialect) fn write(
        &mut self,
        event: &ChatEvent<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        match event {
            ChatEvent::Start { id, model, created_s: _, service_class, fingerprint: _ } => {
                id.iter().for_each(|id| id.as_ref().clone_into(&mut self.id));
                model.iter().for_each(|model| model.as_ref().clone_into(&mut self.model));
                self.service_class = service_class.as_deref().map(str::to_owned);
            }
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::PartStart { choice: 0, part, kind } => {
                self.begin(frames, out);
                self.start(*part, kind, frames, out);
            }
            ChatEvent::PartDelta { choice: 0, part, delta } => {
                self.delta(*part, delta, frames, out);
            }
            ChatEvent::PartEnd { choice: 0, part } => self.stop(*part, frames, out),
            ChatEvent::Finish { choice: 0, finish, stop_text } => {
                self.finish = Some((*finish, stop_text.as_deref().map(str::to_owned)));
            }
            ChatEvent::Error(failure) => {
                frames.event(out, "error", |w| error::write(failure, w));
            }
            ChatEvent::End => self.end(frames, out),
            // There is one answer, and log probabilities are not told.
            ChatEvent::PartStart { .. }
            | ChatEvent::PartDelta { .. }
            | ChatEvent::PartEnd { .. }
            | ChatEvent::Finish { .. }
            | ChatEvent::Logprobs { .. } => {}
        }
    }

    fn begin(&mut self, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        event("message_start", frames, out, |w| {
            w.key("message").object(|w| {
                w.key("id").text(&self.id);
                w.key("type").text("message");
                w.key("role").text("assistant");
                w.key("model").text(&self.model);
                w.key("content").array(|_| {});
                w.key("stop_reason").null();
                w.key("stop_sequence").null();
                w.key("usage");
                usage::write(&self.usage.unwrap_or_default(), self.service_class.as_deref(), w);
            });
        });
    }

    fn start(
        &mut self,
        part: u32,
        kind: &PartKind<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        // Sound, images and what is another provider's own have no block.
        if matches!(kind, PartKind::Media(_) | PartKind::ProviderOnly(_)) {
            return;
        }
        let index = self.next_block;
        self.next_block += 1;
        let is_reasoning = matches!(kind, PartKind::Reasoning { .. });
        self.blocks.push(Block { part, index, is_reasoning });
        event("content_block_start", frames, out, |w| {
            w.key("index").count(index);
            w.key("content_block").object(|w| match kind {
                PartKind::Reasoning { .. } => {
                    w.key("type").text("thinking");
                    w.key("thinking").text("");
                    w.key("signature").text("");
                }
                PartKind::ToolCall { id, name, is_free_form: _ } => {
                    w.key("type").text("tool_use");
                    w.key("id").text(id);
                    w.key("name").text(name);
                    w.key("input").object(|_| {});
                }
                _ => {
                    w.key("type").text("text");
                    w.key("text").text("");
                }
            });
        });
    }

    fn delta(&mut self, part: u32, delta: &Delta<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.iter().find(|block| block.part == part) else { return };
        let kind = match delta {
            Delta::Text(_) if block.is_reasoning => "thinking_delta",
            Delta::Text(_) => "text_delta",
            Delta::Arguments(_) => "input_json_delta",
            Delta::Signature(_) if block.is_reasoning => "signature_delta",
            Delta::Citation(citation) if citation::is_writable(citation) => "citations_delta",
            Delta::Encrypted(value) => return self.redacted(&value.clone(), frames, out),
            Delta::Signature(one) => return self.redacted(&signature::of_call(one), frames, out),
            Delta::Citation(_) | Delta::Bytes { .. } | Delta::Link { .. } => return,
        };
        event("content_block_delta", frames, out, |w| {
            w.key("index").count(block.index);
            w.key("delta").object(|w| {
                w.key("type").text(kind);
                match delta {
                    Delta::Text(text) if block.is_reasoning => w.key("thinking").text(text),
                    Delta::Text(text) => w.key("text").text(text),
                    Delta::Arguments(text) => w.key("partial_json").text(text),
                    Delta::Signature(signature) => {
                        w.key("signature").texts(&signature::write(signature))
                    }
                    Delta::Citation(one) => {
                        w.key("citation");
                        citation::write(one, w);
                    }
                    _ => {}
                }
            });
        });
    }

    /// What only its maker can read is a block of its own, whole from its start.
    fn redacted(&mut self, value: &Signature<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let index = self.next_block;
        self.next_block += 1;
        event("content_block_start", frames, out, |w| {
            w.key("index").count(index);
            w.key("content_block").object(|w| {
                w.key("type").text("redacted_thinking");
                w.key("data").texts(&signature::write(value));
            });
        });
        event("content_block_stop", frames, out, |w| w.key("index").count(index));
    }

    fn stop(&mut self, part: u32, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(place) = self.blocks.iter().position(|block| block.part == part) else { return };
        let index = self.blocks.remove(place).index;
        event("content_block_stop", frames, out, |w| w.key("index").count(index));
    }

    fn end(&mut self, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        self.begin(frames, out);
        let (finish, stop_text) = self.finish.take().unwrap_or((Finish::Stop, None));
        if finish == Finish::Failed {
            return frames.event(out, "error", |w| error::write(&failure::failed_answer(), w));
        }
        event("message_delta", frames, out, |w| {
            w.key("delta").object(|w| {
                w.key("stop_reason").text(wire::finish_word(finish));
                match &stop_text {
                    Some(text) => w.key("stop_sequence").text(text),
                    None => w.key("stop_sequence").null(),
                }
            });
            w.key("usage");
            usage::write(&self.usage.unwrap_or_default(), None, w);
        });
        event("message_stop", frames, out, |_| {});
    }
}

/// An event, whose name stands in its data, too.
fn event(
    name: &str,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut json::Writer<'_>),
) {
    frames.event(out, name, |w| {
        w.object(|w| {
            w.key("type").text(name);
            body(w);
        });
    });
}
