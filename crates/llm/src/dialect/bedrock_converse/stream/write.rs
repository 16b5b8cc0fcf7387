//! The form's events to Bedrock's.
//!
//! The bytes of an image go out together, as each piece of base64 is decoded by itself.

use super::super::reply::write_end;
use super::super::{citation, error, media, redacted, wire};
use crate::chat::{ChatEvent, Delta, MediaKind, PartKind, Signature, Usage};
use crate::dialect::{Context, signature};
use crate::frame::FrameWriter;
use crate::json;

/// Writes a stream of Bedrock's events.
#[derive(Debug)]
pub struct Writer {
    service_class: Option<String>,
    usage: Option<Usage>,
    has_begun: bool,
    blocks: Vec<Block>,
    next_block: u64,
}

/// A block that is open.
#[derive(Debug)]
struct Block {
    part: u32,
    index: u64,
    is_reasoning: bool,
    has_said: bool,
    /// Of an image: media type and bytes so far.
    image: Option<(String, String)>,
}

impl Writer {
    pub(in crate::dialect) fn new(_context: &Context) -> Self {
        Self {
            service_class: None,
            usage: None,
            has_begun: false,
            blocks: Vec::new(),
            next_block: 0,
        }
    }

    pub(in crate::dialect) fn write(
        &mut self,
        event: &ChatEvent<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        match event {
            ChatEvent::Start { id: _, model: _, created_s: _, service_class, fingerprint: _ } => {
                self.service_class = service_class.as_deref().map(str::to_owned);
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
            ChatEvent::Finish { choice: 0, finish, stop_text: _ } => {
                event_of("messageStop", frames, out, |w| {
                    w.key("stopReason").text(wire::finish_word(*finish));
                });
            }
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::Error(failure) => {
                frames.exception(out, error::event_name(failure.kind), |w| {
                    w.object(|w| w.text_field("message", Some(&failure.message)));
                });
            }
            ChatEvent::End => event_of("metadata", frames, out, |w| {
                write_end(&self.usage.unwrap_or_default(), self.service_class.as_deref(), w);
            }),
            // There is one answer, and log probabilities are not told.
            ChatEvent::PartStart { .. }
            | ChatEvent::PartDelta { .. }
            | ChatEvent::PartEnd { .. }
            | ChatEvent::Finish { .. }
            | ChatEvent::Logprobs { .. } => {}
        }
    }

    fn begin(&mut self, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            event_of("messageStart", frames, out, |w| w.key("role").text("assistant"));
        }
    }

    fn start(
        &mut self,
        part: u32,
        kind: &PartKind<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        let is_image = matches!(kind, PartKind::Media(MediaKind::Image));
        // Other media and what is another provider's own have no block.
        if matches!(kind, PartKind::Media(_) | PartKind::ProviderOnly(_)) && !is_image {
            return;
        }
        let index = self.next_block;
        self.next_block += 1;
        let is_reasoning = matches!(kind, PartKind::Reasoning { .. });
        let image = is_image.then(Default::default);
        self.blocks.push(Block { part, index, is_reasoning, has_said: false, image });
        if let PartKind::ToolCall { id, name, is_free_form: _ } = kind {
            block_event("contentBlockStart", index, frames, out, |w| {
                w.key("start").object(|w| {
                    w.key("toolUse").object(|w| {
                        w.key("toolUseId").text(id);
                        w.key("name").text(name);
                    });
                });
            });
        }
    }

    fn delta(&mut self, part: u32, delta: &Delta<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.iter_mut().find(|block| block.part == part) else { return };
        if let (Delta::Bytes { media_type, base64, .. }, Some((its_type, bytes))) =
            (delta, &mut block.image)
        {
            media_type.iter().for_each(|media_type| media_type.as_ref().clone_into(its_type));
            return bytes.push_str(base64);
        }
        if let (Delta::Signature(one), false) = (delta, block.is_reasoning) {
            return self.signature_of_call(&signature::of_call(one), frames, out);
        }
        // What only its maker can read is a block of its own, so it follows one with words.
        if matches!(delta, Delta::Encrypted(_)) && std::mem::replace(&mut block.has_said, false) {
            let index = std::mem::replace(&mut block.index, self.next_block);
            self.next_block += 1;
            block_event("contentBlockStop", index, frames, out, |_| {});
        }
        block.has_said = true;
        let is_reasoning = block.is_reasoning;
        if matches!(delta, Delta::Encrypted(_)) && !is_reasoning
            || matches!(delta, Delta::Bytes { .. } | Delta::Link { .. })
        {
            return;
        }
        block_event("contentBlockDelta", block.index, frames, out, |w| {
            w.key("delta").object(|w| match delta {
                Delta::Text(text) if is_reasoning => thought(w, |w| w.key("text").text(text)),
                Delta::Text(text) => w.key("text").text(text),
                Delta::Arguments(text) => {
                    w.key("toolUse").object(|w| w.text_field("input", Some(text)));
                }
                Delta::Signature(one) => {
                    thought(w, |w| w.key("signature").texts(&signature::write(one)));
                }
                Delta::Encrypted(one) => {
                    thought(w, |w| w.key("redactedContent").text(&redacted::write(one)));
                }
                Delta::Citation(one) => {
                    w.key("citation");
                    citation::write(one, w);
                }
                Delta::Bytes { .. } | Delta::Link { .. } => {}
            });
        });
    }

    /// Calls have no signatures; it is a block of its own.
    fn signature_of_call(
        &mut self,
        thought_of: &Signature<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        let index = self.next_block;
        self.next_block += 1;
        block_event("contentBlockDelta", index, frames, out, |w| {
            w.key("delta").object(|w| {
                thought(w, |w| w.key("redactedContent").text(&redacted::write(thought_of)));
            });
        });
        block_event("contentBlockStop", index, frames, out, |_| {});
    }

    fn stop(&mut self, part: u32, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(place) = self.blocks.iter().position(|block| block.part == part) else { return };
        let Block { index, image, .. } = self.blocks.remove(place);
        // Of an image at a link there are no bytes.
        if let Some((media_type, base64)) = image.filter(|(_, base64)| !base64.is_empty()) {
            let format = media::format_of(&media_type);
            block_event("contentBlockStart", index, frames, out, |w| {
                let image = |w: &mut json::Writer<'_>| w.text_field("format", Some(format));
                w.key("start").object(|w| w.key("image").object(image));
            });
            block_event("contentBlockDelta", index, frames, out, |w| {
                let source = |w: &mut json::Writer<'_>| w.text_field("bytes", Some(&base64));
                let image = |w: &mut json::Writer<'_>| w.key("source").object(source);
                w.key("delta").object(|w| w.key("image").object(image));
            });
        }
        block_event("contentBlockStop", index, frames, out, |_| {});
    }
}

fn thought(w: &mut json::Writer<'_>, body: impl FnOnce(&mut json::Writer<'_>)) {
    w.key("reasoningContent").object(body);
}

fn event_of(
    name: &str,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut json::Writer<'_>),
) {
    frames.event(out, name, |w| w.object(body));
}

fn block_event(
    name: &str,
    index: u64,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut json::Writer<'_>),
) {
    event_of(name, frames, out, |w| {
        w.key("contentBlockIndex").count(index);
        body(w);
    });
}
