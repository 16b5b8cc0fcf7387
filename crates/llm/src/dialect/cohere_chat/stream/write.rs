//! The form's events to Cohere's.
//!
//! What is said before calls is content here, and not the plan: that calls will follow is not known
//! yet. The reason why the answer ended waits for usage, which belongs beside it.

use super::super::citation::{self, Place};
use super::super::{logprobs, tool_call, usage, wire};
use crate::chat::{ChatEvent, Delta, Finish, PartKind, Text, ToolCall, Usage};
use crate::dialect::{Context, signature};
use crate::frame::FrameWriter;
use crate::json;

/// Writes a stream of Cohere's events.
#[derive(Debug)]
pub struct Writer {
    id: String,
    has_begun: bool,
    /// More than one where a provider interleaves calls.
    open: Vec<Open>,
    next_block: u64,
    next_call: u64,
    next_citation: u64,
    usage: Option<Usage>,
    finish: Option<Finish>,
}

/// A part that is open.
#[derive(Debug)]
struct Open {
    part: u32,
    index: u64,
    sort: Sort,
    /// What was said in it: citations quote it.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Reasoning,
    Call,
}

impl Writer {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self {
            id: context.id.clone(),
            has_begun: false,
            open: Vec::new(),
            next_block: 0,
            next_call: 0,
            next_citation: 0,
            usage: None,
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
            ChatEvent::Start { id, model: _, created_s: _, service_class: _, fingerprint: _ } => {
                id.iter().for_each(|id| id.as_ref().clone_into(&mut self.id));
                self.begin(frames, out);
            }
            ChatEvent::PartStart { choice: 0, part, kind } => {
                self.begin(frames, out);
                self.start(*part, kind, frames, out);
            }
            ChatEvent::PartDelta { choice: 0, part, delta } => {
                self.delta(*part, delta, frames, out);
            }
            ChatEvent::PartEnd { choice: 0, part } => self.stop(*part, frames, out),
            ChatEvent::Logprobs { choice: 0, tokens } => {
                let index = self.next_block.saturating_sub(1);
                for token in tokens {
                    indexed("content-delta", index, frames, out, |w| {
                        content(w, |w| w.key("text").text(""));
                        w.key("logprobs");
                        logprobs::write(token, w);
                    });
                }
            }
            ChatEvent::Finish { choice: 0, finish, stop_text: _ } => self.finish = Some(*finish),
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::Error(failure) => self.end(Some(&failure.message), frames, out),
            ChatEvent::End => self.end(None, frames, out),
            // There is one answer.
            ChatEvent::PartStart { .. }
            | ChatEvent::PartDelta { .. }
            | ChatEvent::PartEnd { .. }
            | ChatEvent::Logprobs { .. }
            | ChatEvent::Finish { .. } => {}
        }
    }

    fn begin(&mut self, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        event_of("message-start", frames, out, |w| {
            w.key("id").text(&self.id);
            message(w, |w| {
                w.key("role").text("assistant");
                w.key("content").array(|_| {});
                w.key("tool_plan").text("");
                w.key("tool_calls").array(|_| {});
                w.key("citations").array(|_| {});
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
        let (sort, next) = match kind {
            PartKind::Text | PartKind::Refusal => (Sort::Text, &mut self.next_block),
            PartKind::Reasoning { .. } => (Sort::Reasoning, &mut self.next_block),
            PartKind::ToolCall { .. } => (Sort::Call, &mut self.next_call),
            // Sound, images and what is another provider's own have no place.
            PartKind::Media(_) | PartKind::ProviderOnly(_) => return,
        };
        let index = *next;
        *next += 1;
        self.open.push(Open { part, index, sort, text: String::new() });
        if let PartKind::ToolCall { id, name, is_free_form: _ } = kind {
            let call = ToolCall {
                id: Text::Borrowed(id),
                name: Text::Borrowed(name),
                arguments: Text::default(),
                is_free_form: false,
                signature: None,
            };
            return indexed("tool-call-start", index, frames, out, |w| {
                message(w, |w| {
                    w.key("tool_calls");
                    tool_call::write(&call, w);
                });
            });
        }
        let word = if sort == Sort::Text { "text" } else { "thinking" };
        indexed("content-start", index, frames, out, |w| {
            content(w, |w| {
                w.key("type").text(word);
                w.key(word).text("");
            });
        });
    }

    fn delta(&mut self, part: u32, delta: &Delta<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(open) = self.open.iter_mut().find(|open| open.part == part) else { return };
        let index = open.index;
        match delta {
            Delta::Text(text) => {
                let word = if open.sort == Sort::Text { "text" } else { "thinking" };
                open.text.push_str(if open.sort == Sort::Text { text } else { "" });
                indexed("content-delta", index, frames, out, |w| {
                    content(w, |w| w.key(word).text(text));
                });
            }
            Delta::Arguments(text) => indexed("tool-call-delta", index, frames, out, |w| {
                message(w, |w| {
                    w.key("tool_calls").object(|w| {
                        w.key("function").object(|w| w.text_field("arguments", Some(text)));
                    });
                });
            }),
            Delta::Signature(one) if open.sort == Sort::Reasoning => {
                indexed("content-delta", index, frames, out, |w| {
                    content(w, |w| {
                        // Clients add up the words of every piece.
                        w.key("thinking").text("");
                        w.key("signature").texts(&signature::write(one));
                    });
                });
            }
            Delta::Citation(one) => {
                let place = Place { block: Some(index), offset: 0, text: &open.text };
                let number = self.next_citation;
                self.next_citation += 1;
                indexed("citation-start", number, frames, out, |w| {
                    message(w, |w| {
                        w.key("citations");
                        citation::write(one, place, w);
                    });
                });
                indexed("citation-end", number, frames, out, |_| {});
            }
            Delta::Signature(_)
            | Delta::Encrypted(_)
            | Delta::Bytes { .. }
            | Delta::Link { .. } => {}
        }
    }

    fn stop(&mut self, part: u32, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(place) = self.open.iter().position(|open| open.part == part) else { return };
        let Open { index, sort, .. } = self.open.remove(place);
        let name = if sort == Sort::Call { "tool-call-end" } else { "content-end" };
        indexed(name, index, frames, out, |_| {});
    }

    fn end(&mut self, error: Option<&str>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        // A failure of a message that nobody has told of begins none.
        if error.is_none() {
            self.begin(frames, out);
        }
        let finish = self.finish.unwrap_or(Finish::Stop);
        event_of("message-end", frames, out, |w| {
            w.key("delta").object(|w| {
                w.text_field("error", error);
                let word = if error.is_some() { "ERROR" } else { wire::finish_word(finish) };
                w.key("finish_reason").text(word);
                if let Some(used) = &self.usage {
                    w.key("usage");
                    usage::write(used, w);
                }
            });
        });
        frames.done(out);
    }
}

/// An event, whose name stands in its data, too.
fn event_of(
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

fn indexed(
    name: &str,
    index: u64,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut json::Writer<'_>),
) {
    event_of(name, frames, out, |w| {
        w.key("index").count(index);
        body(w);
    });
}

fn message(w: &mut json::Writer<'_>, body: impl FnOnce(&mut json::Writer<'_>)) {
    w.key("delta").object(|w| w.key("message").object(body));
}

fn content(w: &mut json::Writer<'_>, body: impl FnOnce(&mut json::Writer<'_>)) {
    message(w, |w| w.key("content").object(body));
}
