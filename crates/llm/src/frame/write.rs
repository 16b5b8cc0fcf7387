//! Events put into the framing of the client's stream.
//!
//! The writer of a dialect says what an event is; how it is framed is said here.

use super::{Framing, aws};
use crate::json::Writer;

/// Appends framed events.
#[derive(Debug)]
pub struct FrameWriter {
    framing: Framing,
    has_begun: bool,
}

impl FrameWriter {
    /// A writer at the start of a stream.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, has_begun: false }
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
