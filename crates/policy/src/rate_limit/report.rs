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
    /// What the limit is called: `default` for requests, `tokens`, `budget`.
    pub name: &'static str,
    /// What is counted; `None` for requests.
    pub unit: Option<&'static str>,
    /// So many per window.
    pub quota: u64,
    /// The window, in seconds.
    pub window_s: u64,
    /// How many may come at once now.
    pub remaining: u64,
    /// Seconds until nothing is used up any more, rounded up.
    pub reset_s: u64,
}

impl RateReport {
    /// Writes the fields, in place of any that the service sent: a report for each limit.
    pub(crate) fn write(reports: &[Option<Self>], fields: &mut Fields) {
        let (mut policy, mut standing) = (Line::new(), Line::new());
        for report in reports.iter().flatten() {
            policy.name(report.name).text(b";q=").number(report.quota);
            policy.text(b";w=").number(report.window_s);
            if let Some(unit) = report.unit {
                policy.text(b";qu=\"").text(unit.as_bytes()).text(b"\"");
            }
            standing.name(report.name).text(b";r=").number(report.remaining);
            standing.text(b";t=").number(report.reset_s);
        }
        if !policy.bytes().is_empty() {
            fields.set("ratelimit-policy", policy.bytes());
            fields.set("ratelimit", standing.bytes());
        }
    }

    /// The one of two that has less of its whole left.
    pub(crate) fn tighter(self, other: Self) -> Self {
        let cross = |one: Self, two: Self| u128::from(one.remaining) * u128::from(two.quota);
        if cross(other, self) < cross(self, other) { other } else { self }
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

/// A short line on the stack: for each of two limits two numbers of at most 20 digits, and words of
/// ours.
struct Line {
    buffer: [u8; 160],
    length: usize,
}

impl Line {
    const fn new() -> Self {
        Self { buffer: [0; 160], length: 0 }
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.buffer[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
        self
    }

    /// Begins a member of the list.
    fn name(&mut self, name: &str) -> &mut Self {
        if self.length > 0 {
            self.text(b", ");
        }
        self.text(b"\"").text(name.as_bytes()).text(b"\"")
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.text(itoa::Buffer::new().format(number).as_bytes())
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}
