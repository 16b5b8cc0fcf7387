//! What the client is told about a limit: `RateLimit-Policy`, `RateLimit` and `Retry-After`.
//!
//! As in draft-ietf-httpapi-ratelimit-headers. Where several limits counted a request, the one
//! with the least left is told: it is the one that will refuse first.

use architrave_core::Reason;
use architrave_net::Fields;

use super::gcra::Decision;
use super::limiters::Limiter;
use crate::verdict::Reply;

/// Where a key stands after one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateReport {
    /// Requests per window.
    pub quota: u64,
    /// The window, in seconds.
    pub window_s: u64,
    /// Requests that may come at once now.
    pub remaining: u64,
    /// Seconds until nothing is used up any more, rounded up.
    pub reset_s: u64,
}

impl RateReport {
    /// Writes the fields, in place of any that the service sent.
    pub(crate) fn write(&self, fields: &mut Fields) {
        let mut line = Line::new();
        line.text(b"\"default\";q=").number(self.quota).text(b";w=").number(self.window_s);
        fields.set("ratelimit-policy", line.bytes());
        let mut line = Line::new();
        line.text(b"\"default\";r=").number(self.remaining).text(b";t=").number(self.reset_s);
        fields.set("ratelimit", line.bytes());
    }
}

/// The answer to one request too many.
#[cold]
pub(crate) fn refuse(limiter: &Limiter, decision: Decision) -> Reply {
    let mut line = Line::new();
    line.number(limiter.retry_seconds(decision));
    Reply::refuse(Reason::RateLimited, "too many requests: the rate limit is used up")
        .with_field("retry-after", line.bytes())
}

/// A short line on the stack: two numbers of at most 20 digits, and words of ours.
struct Line {
    buffer: [u8; 64],
    length: usize,
}

impl Line {
    const fn new() -> Self {
        Self { buffer: [0; 64], length: 0 }
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.buffer[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.text(itoa::Buffer::new().format(number).as_bytes())
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}
