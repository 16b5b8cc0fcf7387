//! What is tried again after a failed attempt, and when a second attempt is started beside one.

use std::time::Duration;

use super::health::status;
use crate::read::{
    Count, List, Method, Percent, Reader, Scope, Shape, Size, Span, Written, empty, record,
};
use crate::tree::Node;

/// What is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Attempts after the first; 0 turns retries off.
    pub attempts: u32,
    /// Connections that could not be made.
    pub on_connect_failure: bool,
    /// Resets before the first response byte.
    pub on_reset_before_response: bool,
    /// Response statuses.
    pub on_statuses: Vec<u16>,
    /// How long one attempt may take to its response head.
    pub per_try_timeout: Option<Duration>,
    /// How long is waited at first before the endpoint that has just failed is tried again.
    pub backoff: Duration,
    /// Retries as a share of requests in flight, 0 to 100 (at least 3 are always allowed).
    pub budget_percent: u8,
    /// Bytes of request body kept for replay; longer bodies are not retried once sent.
    pub body_bytes_max: usize,
    /// Methods that may be sent twice once bytes of the request may have reached an endpoint.
    pub methods: Vec<String>,
}

/// Two more endpoints: whoever fails on three is not helped by a fourth.
const ATTEMPTS: u32 = 2;
/// What an endpoint needs that has just dropped its connections, and nobody notices.
const BACKOFF: Duration = Duration::from_millis(25);
/// Beyond a fifth, retries are what keeps a struggling upstream down.
const BUDGET_PERCENT: u8 = 20;
/// Bodies are kept in memory until the attempt is judged.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Those that RFC 9110 calls idempotent; TRACE is left out, as nobody needs it retried.
const METHODS: [&str; 5] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
/// What says that another endpoint may do better; nothing that may have been carried out.
const RETRY_ON: [RetryOn; 5] = [
    RetryOn::ConnectFailure,
    RetryOn::ResetBeforeResponse,
    RetryOn::Status(502),
    RetryOn::Status(503),
    RetryOn::Status(504),
];

impl Default for Retry {
    fn default() -> Self {
        empty::<RetryWritten>()
    }
}

record! {
    /// What is tried again, on another endpoint where there is one.
    #[derive(Debug)]
    pub(super) struct RetryWritten => Retry by finish {
        /// Attempts after the first; 0 turns retries off.
        "attempts": Count<u32, 0, 10> = ATTEMPTS => attempts: u32,
        /// `connect_failure`, `reset_before_response`, and response statuses.
        "retry_on": List<RetryOn> = RETRY_ON.to_vec() => retry_on: Vec<RetryOn>,
        /// How long one attempt may take to its response head.
        "per_try_timeout": Option<Span> = None => per_try_timeout: Option<Duration>,
        /// The pause before an endpoint that has failed is tried again where there is no other: half
        /// of it and up to the whole by chance, twice as much each time, at most ten times as much.
        /// Another endpoint is tried at once. `0ms`: no pause; more than 30s are never waited.
        "backoff": Span<0> = BACKOFF => backoff: Duration,
        /// Retries as a share of requests in flight (at least 3 are always allowed).
        "budget_percent": Percent = BUDGET_PERCENT => budget_percent: u8,
        /// Bytes of request body kept for replay; longer bodies are not retried once sent.
        "body_max": Size<usize> = BODY_BYTES_MAX => body_bytes_max: usize,
        /// Methods that may be sent twice once bytes may have reached an endpoint.
        "methods": List<Method> = METHODS.map(str::to_owned).to_vec() => methods: Vec<String>,
    }
}

impl RetryWritten {
    fn finish(self, _scope: &mut Scope<'_, '_, '_>) -> Option<Retry> {
        let mut retry = Retry {
            attempts: self.attempts,
            on_connect_failure: false,
            on_reset_before_response: false,
            on_statuses: Vec::new(),
            per_try_timeout: self.per_try_timeout,
            backoff: self.backoff,
            budget_percent: self.budget_percent,
            body_bytes_max: self.body_bytes_max,
            methods: self.methods,
        };
        for condition in self.retry_on {
            match condition {
                RetryOn::ConnectFailure => retry.on_connect_failure = true,
                RetryOn::ResetBeforeResponse => retry.on_reset_before_response = true,
                RetryOn::Status(status) if retry.on_statuses.contains(&status) => {}
                RetryOn::Status(status) => retry.on_statuses.push(status),
            }
        }
        Some(retry)
    }
}

record! {
    /// A second attempt beside the first, for idempotent requests.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Hedge {
        /// When the first has not answered by then.
        "after": Span => pub after: Duration,
    }
}

/// What makes an attempt be tried again.
#[derive(Clone, Copy, Debug)]
enum RetryOn {
    ConnectFailure,
    ResetBeforeResponse,
    Status(u16),
}

impl Written for RetryOn {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text() {
            Some("connect_failure") => Some(Self::ConnectFailure),
            Some("reset_before_response") => Some(Self::ResetBeforeResponse),
            Some(text) if status(text).is_some_and(|status| status >= 200) => {
                status(text).map(Self::Status)
            }
            _ => {
                let expected =
                    "`connect_failure`, `reset_before_response` or a status of three digits";
                let message = format!("expected {expected}, found {}", node.described());
                let known = ["connect_failure", "reset_before_response"];
                reader.refuse_word(node, message, known.into_iter());
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text {
            kind: "condition or status",
            pattern: Some("^(connect_failure|reset_before_response|[2-5][0-9]{2})$"),
        }
    }

    fn show(value: &Self) -> Option<serde_json::Value> {
        Some(match value {
            Self::ConnectFailure => "connect_failure".into(),
            Self::ResetBeforeResponse => "reset_before_response".into(),
            Self::Status(status) => status.to_string().into(),
        })
    }
}
