//! Events put into the framing of the client's stream.
//!
//! The writer of a dialect says what an event is; how it is framed is said here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Framing, aws};
use crate::json::Writer;

/// Appends framed events.
#[derive(Debug)]
pub struct FrameWriter {
    framing: Framing,
    has_begun: bool,
    /// Whether each event stands as base64 in one of another name, as those of bare calls do.
    is_call: bool,
}

impl FrameWriter {
    /// A writer at the start of a stream.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, has_begun: false, is_call: false }
    }

    /// A writer at the start of a stream of a bare call of a model at Bedrock.
    #[must_use]
    pub fn of_call() -> Self {
        Self { is_call: true, ..Self::new(Framing::AwsEvents) }
    }

    /// Appends an event whose one JSON value `body` writes. Without a name, a server-sent event has
    /// no `event` line.
    pub fn event(&mut self, out: &mut Vec<u8>, name: &str, body: impl FnOnce(&mut Writer<'_>)) {
        match self.framing {
            Framing::Sse => {
                if !name.is_empty() {
                    out.extend_from_slice(b"event: ");
                    out.extend_from_slice(name.as_bytes());
                    out.push(b'\n');
                }
                out.extend_from_slice(b"data: ");
                body(&mut Writer::new(out));
                out.extend_from_slice(b"\n\n");
            }
            Framing::AwsEvents if self.is_call => {
                let mut event = Vec::with_capacity(256);
                body(&mut Writer::new(&mut event));
                let event = STANDARD.encode(event);
                aws::message(out, "chunk", false, |out| {
                    Writer::new(out).object(|w| w.text_field("bytes", Some(&event)));
                });
            }
            Framing::AwsEvents => aws::message(out, name, false, |out| body(&mut Writer::new(out))),
            Framing::JsonArray => {
                out.extend_from_slice(if self.has_begun { b",\r\n" } else { b"[" });
                body(&mut Writer::new(out));
            }
        }
        self.has_begun = true;
    }

    /// Appends a failure that the framing itself has a form for; elsewhere it is an event.
    pub fn exception(&mut self, out: &mut Vec<u8>, name: &str, body: impl FnOnce(&mut Writer<'_>)) {
        match self.framing {
            Framing::AwsEvents => aws::message(out, name, true, |out| body(&mut Writer::new(out))),
            _ => self.event(out, name, body),
        }
    }

    /// Appends the word that ends a stream of server-sent events where a dialect has one.
    pub fn done(&mut self, out: &mut Vec<u8>) {
        if self.framing == Framing::Sse {
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
    }

    /// Appends what the framing ends with.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if self.framing == Framing::JsonArray {
            out.extend_from_slice(if self.has_begun { b"]" } else { b"[]" });
        }
    }
}
