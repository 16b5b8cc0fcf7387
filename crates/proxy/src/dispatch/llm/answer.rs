//! An answer of a model on its way to the client: whole, or a stream.

use std::time::Duration;

use architrave_core::{Moment, Reason};
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::Dialect;
use architrave_llm::field::Losses;
use architrave_llm::talk::Setup;
use architrave_net::{Fields, ResponseHead, is_value};

use super::missed::Missed;
use super::stream::LlmStream;
use super::talk::{self, Talk};
use crate::exchange::Exchange;

/// An answer of an llm service.
#[derive(Debug)]
pub(crate) struct LlmAnswer<'a> {
    /// Its head; framing is not in it.
    pub head: ResponseHead,
    /// Its body.
    pub body: AnswerBody<'a>,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody<'a> {
    /// It is there.
    Whole(Vec<u8>),
    /// It comes piece by piece.
    Stream(Box<LlmStream<'a>>),
    /// It is a 101, behind which both sides talk.
    Talk(Box<Talk<'a>>),
    /// What is left to be said of a talk whose 101 has gone and which comes to nothing.
    Parting(Vec<u8>),
}

/// Fields of a provider's answer that clients get: what their libraries read, and nothing that
/// tells of the provider's side of the gateway.
const PASSED_FIELDS: [&str; 11] = [
    "request-id",
    "x-request-id",
    "openai-processing-ms",
    "openai-version",
    "openai-model",
    "x-amzn-requestid",
    "x-goog-request-id",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "anthropic-version",
];

impl LlmAnswer<'_> {
    /// An answer that is there as a whole.
    pub(super) fn whole(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let mut head = ResponseHead { status, fields: Fields::roomy(), ..ResponseHead::default() };
        head.fields.append("Content-Type", content_type.as_bytes());
        Self { head, body: AnswerBody::Whole(body) }
    }

    /// A failure in the client's dialect.
    pub(crate) fn failure(dialect: Dialect, error: &ChatError) -> Self {
        let mut body = Vec::with_capacity(256);
        dialect.write_error(error, &mut body);
        let mut answer = Self::whole(error.status, "application/json", body);
        if let Some(wait) = error.retry_after_ms {
            let seconds = wait.div_ceil(1000).max(1);
            let fields = &mut answer.head.fields;
            fields.append("Retry-After", itoa::Buffer::new().format(seconds).as_bytes());
        }
        if dialect == Dialect::BedrockConverse {
            let name = architrave_llm::dialect::aws_error_type(error.kind);
            answer.head.fields.append("x-amzn-ErrorType", name.as_bytes());
        }
        answer
    }

    /// The end of a talk that has not begun, with why.
    pub(super) fn parting(error: &ChatError) -> Self {
        let head = ResponseHead { status: 101, ..ResponseHead::default() };
        Self { head, body: AnswerBody::Parting(talk::goodbye(error)) }
    }

    /// The same for a talk whose setup the client has sent already.
    ///
    /// # Errors
    /// That it is no talk.
    pub(super) fn with_setup(mut self, setup: Setup) -> Result<Self, Missed> {
        match &mut self.body {
            AnswerBody::Talk(talk) => {
                talk.set_up(setup);
                Ok(self)
            }
            _ => {
                let message = "the provider does not talk over a WebSocket";
                let error = ChatError::new(ErrorKind::Internal, message);
                Err(Missed::provider(error, Reason::BadResponse))
            }
        }
    }

    /// Takes over the fields of the provider's answer that clients get.
    pub(super) fn pass_fields(&mut self, from: &Fields) {
        for name in PASSED_FIELDS {
            if self.head.fields.contains(name) {
                continue;
            }
            if let Some(value) = from.get(name) {
                self.head.fields.append(name, value);
            }
        }
    }

    /// Tells what of the request or the answer could not be said in the other dialect.
    pub(super) fn tell_losses(&mut self, losses: &Losses) {
        if let Some(text) = losses.header() {
            self.head.fields.append("x-architrave-dropped", text.as_bytes());
        }
    }

    /// Tells how the answer came about: which deployment, after how many attempts, at what price,
    /// and how long the gateway itself took.
    pub(super) fn explain(&mut self, exchange: &Exchange<'_>, now: Moment) {
        let fields = &mut self.head.fields;
        name_exchange(fields, exchange);
        let Some(facts) = &exchange.llm else { return };
        let mut number = itoa::Buffer::new();
        if facts.attempts > 0 {
            let name = [&*facts.provider, "/", &*facts.upstream_model].concat();
            if is_value(name.as_bytes()) {
                fields.append("x-architrave-deployment", name.as_bytes());
            }
            let attempts = number.format(facts.attempts);
            fields.append("x-architrave-attempts", attempts.as_bytes());
        }
        if let Some(cache) = facts.cache {
            fields.append("x-architrave-cache", cache.as_bytes());
        }
        let overhead = overhead(exchange, now).as_micros();
        fields.append("x-architrave-overhead-us", number.format(overhead).as_bytes());
        if facts.usage.is_some() {
            fields.append("x-architrave-cost", usd(facts.cost_nano_usd).as_bytes());
        }
    }
}

/// Says what an exchange is called: as the provider's answer has it, else in the gateway's own words,
/// as client libraries show it to whoever looks into a failure.
pub(crate) fn name_exchange(fields: &mut Fields, exchange: &Exchange<'_>) {
    let id = exchange.identity.request_id_bytes();
    for name in ["x-request-id", "request-id"] {
        if !id.is_empty() && !fields.contains(name) {
            fields.append(name, id);
        }
    }
}

/// How long the gateway itself was busy with an exchange: neither reading the request nor waiting
/// for an endpoint.
fn overhead(exchange: &Exchange<'_>, now: Moment) -> Duration {
    let read_at = exchange.timings.read_at.unwrap_or(exchange.began);
    let waited = exchange.llm.as_ref().map_or(Duration::ZERO, |facts| facts.waited);
    now.since(read_at).saturating_sub(waited)
}

/// Nano-USD as USD, exact.
fn usd(nanos: u64) -> String {
    const NANOS_A_USD: u64 = 1_000_000_000;
    let mut text = itoa::Buffer::new().format(nanos / NANOS_A_USD).to_owned();
    let mut left = nanos % NANOS_A_USD;
    if left > 0 {
        text.push('.');
    }
    let mut place = NANOS_A_USD;
    while left > 0 {
        place /= 10;
        text.push(char::from(b'0' + (left / place) as u8));
        left %= place;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact() {
        let cases = [
            (0, "0"),
            (1, "0.000000001"),
            (10_203_000, "0.010203"),
            (1_500_000_000, "1.5"),
            (20_000_000_000, "20"),
            (u64::MAX, "18446744073.709551615"),
        ];
        for (nanos, text) in cases {
            assert_eq!(usd(nanos), text);
        }
    }
}
