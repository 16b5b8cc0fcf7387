//! One request at a scripted origin and the means to answer it, well or badly.

use std::time::Duration;

use crate::message::{Framing, Request};
use crate::wire::{Wire, WireError};

use super::Shared;

/// One request being answered.
pub struct Exchange<'a> {
    shared: &'a Shared,
    wire: &'a mut Wire,
    request: Request,
    place: usize,
    ended: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        wire: &'a mut Wire,
        request: Request,
        place: usize,
    ) -> Self {
        Self { shared, wire, request, place, ended: false }
    }

    /// The request as far as it was read.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The target of the request.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.request.target
    }

    /// The connection itself, for what has no word here.
    pub fn wire(&mut self) -> &mut Wire {
        self.wire
    }

    /// Reads the body to its end; what was read when it is cut off.
    pub fn read_body(&mut self) -> Vec<u8> {
        if self.request.complete || self.ended {
            return self.request.body.clone();
        }
        match self.wire.read_body(self.request.framing) {
            Ok((body, trailers)) => {
                self.request.body = body;
                self.request.trailers = trailers;
                self.request.complete = true;
                self.shared.update(self.place, &self.request);
            }
            Err(WireError::Violation(what)) => {
                self.shared.violated(what);
                self.ended = true;
            }
            Err(_) => self.ended = true,
        }
        self.request.body.clone()
    }

    /// Reads the body and answers with a body of known length.
    pub fn reply(&mut self, status: u16, fields: &[(&str, &str)], body: impl AsRef<[u8]>) {
        self.read_body();
        let body = body.as_ref();
        let mut head = format!("HTTP/1.1 {status} Status\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !matches!(status, 204 | 304) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if self.request.method != "HEAD" && !matches!(status, 204 | 304) {
            bytes.extend_from_slice(body);
        }
        self.send(bytes);
    }

    /// Sends bytes as they are. That the other side is gone is not an error here.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if self.wire.send(bytes).is_err() {
            self.ended = true;
        }
    }

    /// Sends the pieces of a response one by one, each as a segment of its own.
    pub fn send_slowly(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) {
        for byte in bytes.as_ref() {
            self.send([*byte]);
            std::thread::sleep(pause);
        }
    }

    /// Sends one chunk of a chunked body.
    pub fn send_chunk(&mut self, chunk: impl AsRef<[u8]>) {
        let chunk = chunk.as_ref();
        let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        self.send(bytes);
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.wire.close();
        self.ended = true;
    }

    /// Resets the connection.
    pub fn reset(&mut self) {
        self.wire.reset();
        self.ended = true;
    }

    /// Reads the whole request and resets the connection.
    pub fn reset_after_reading(&mut self) {
        self.read_body();
        self.reset();
    }

    /// Answers nothing and waits until the other side gives up, two minutes at most.
    pub fn stall(&mut self) {
        self.wire.ends_within(Duration::from_secs(120));
        self.ended = true;
    }

    /// Whether the other side ends the connection within `span`.
    pub fn is_abandoned_within(&mut self, span: Duration) -> bool {
        let abandoned = self.wire.ends_within(span);
        self.wire.patience(Duration::from_secs(120));
        abandoned
    }

    /// Takes in what the script left unread; whether another request may follow.
    pub(super) fn complete(mut self) -> bool {
        if !self.request.complete {
            self.read_body();
        }
        let closes = self.request.head.says_close() || self.request.framing == Framing::UntilClose;
        !self.ended && !closes
    }
}
