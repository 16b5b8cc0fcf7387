//! What one line of the access log says: facts borrowed from an exchange or a relay.
//!
//! There is no field for a header's value but the user agent, so no credential can get in. Names
//! of objects and words of closed lists are printed as they are; everything else is escaped.

mod person;
mod print;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use architrave_core::Reason;

use crate::metrics::model::TOKEN_CLASSES;
use crate::termination::Termination;

/// One exchange, or one connection or flow of layer 4.
#[derive(Clone, Debug)]
pub struct AccessEntry<'a> {
    /// When it began.
    pub time: SystemTime,
    /// How long it and its parts took.
    pub timings: Timings,
    /// Who asked; behind a trusted proxy, the client that the proxy names.
    pub client: SocketAddr,
    /// The other end of the connection, when it is not the client itself.
    pub peer: Option<SocketAddr>,
    /// The listener's name.
    pub listener: &'a str,
    /// `HTTP/1.1`, `HTTP/2`, `tunnel`, `tcp`, `tls` or `udp`.
    pub protocol: &'a str,
    /// What is known of TLS with the client.
    pub tls: Option<TlsEntry<'a>>,
    /// What only an exchange of HTTP has.
    pub http: Option<HttpEntry<'a>>,
    /// What only an exchange with a model has.
    pub llm: Option<LlmEntry<'a>>,
    /// What only an exchange with MCP servers has.
    pub mcp: Option<McpEntry<'a>>,
    /// Why it failed, when it did.
    pub reason: Option<Reason>,
    /// What happened, in our own words; empty where the reason says it all.
    pub detail: &'a str,
    /// Who ended it, and in which phase.
    pub termination: Termination,
    /// Bytes of the request body; on layer 4 and in tunnels, all bytes from the client.
    pub request_bytes: u64,
    /// Bytes of the response body; on layer 4 and in tunnels, all bytes to the client.
    pub response_bytes: u64,
    /// The upstream's name.
    pub upstream: Option<&'a str>,
    /// The endpoint of the last attempt.
    pub endpoint: Option<SocketAddr>,
    /// Attempts at endpoints; 0 when none was made.
    pub attempts: u32,
}

/// What is told of an exchange where it is told by itself, and not as a line of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// Every attempt, in order.
    pub attempts: &'a [AttemptEntry],
    /// What each policy did, in order.
    pub policies: &'a [PolicyEntry],
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEntry {
    /// The endpoint that was asked.
    pub endpoint: Option<SocketAddr>,
    /// The provider that was asked, and the model's name there.
    pub lane: Option<String>,
    /// From the first byte of the request to its beginning.
    pub start: Duration,
    /// From there to the head of its answer, or to its end without one.
    pub duration: Duration,
    /// The status of its answer.
    pub status: Option<u16>,
    /// How it failed.
    pub error: Option<Reason>,
    /// Why it was given up for another; `None` for the last.
    pub given_up: Option<&'static str>,
}

/// A policy, and what it did.
pub type PolicyEntry = (&'static str, &'static str);

/// How long an exchange and its parts took. A part that did not happen is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From the first byte of the request to the last byte of the response.
    pub total: Duration,
    /// From the first byte of the request to the end of its body, or of its head where it has none;
    /// `None` when that came in one piece, or was not read to the end.
    pub request_read: Option<Duration>,
    /// Waiting for an endpoint or connection to be free.
    pub queue_wait: Option<Duration>,
    /// Connecting to the endpoint, TLS included; none on a kept connection.
    pub connect: Option<Duration>,
    /// From the request sent to the first byte of the endpoint's response.
    pub first_byte: Option<Duration>,
    /// From that byte to the last byte of the response sent.
    pub response: Option<Duration>,
}

/// TLS with the client. Of passed-through TLS only the server name is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsEntry<'a> {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: Option<&'a str>,
    /// The cipher suite.
    pub cipher: Option<&'a str>,
    /// The server name that the client asked for.
    pub sni: Option<&'a str>,
}

/// What only an exchange with a model has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LlmEntry<'a> {
    /// What was asked: `chat`, `embeddings`, ….
    pub operation: &'a str,
    /// The model asked for, in the client's words.
    pub model: &'a [u8],
    /// The provider that answered, or was asked last.
    pub provider: Option<&'a str>,
    /// The model's name there.
    pub upstream_model: &'a [u8],
    /// Why it was chosen.
    pub why: Option<&'a str>,
    /// Who was passed over before, or asked in vain, each with the reason.
    pub passed_over: &'a [PassedOver],
    /// Whether the answer was a stream.
    pub is_stream: bool,
    /// From the request sent to the first token, of a stream.
    pub first_token: Option<Duration>,
    /// Tokens of the prompt, from the provider's cache, and of the answer; `None` where nothing was
    /// used.
    pub tokens: Option<[u64; 3]>,
    /// The same by class, in the order of [`TOKEN_CLASSES`].
    pub tokens_by_class: [u64; TOKEN_CLASSES.len()],
    /// Whether they are an estimate.
    pub is_estimated: bool,
    /// What it cost, where prices are known.
    pub cost_nano_usd: Option<u64>,
    /// `hit` or `miss`, where there is a cache.
    pub cache: Option<&'a str>,
    /// Events of the provider's stream that could not be read.
    pub bad_events: u64,
    /// Fields of the request that the provider's dialect could not say.
    pub dropped: &'a [String],
    /// Fields of the answer that the client's dialect could not say.
    pub reply_dropped: &'a [String],
}

/// What only an exchange with MCP servers has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct McpEntry<'a> {
    /// The method of the message, in the client's words.
    pub method: &'a [u8],
    /// The tool, prompt or resource that is asked for, in the client's words.
    pub name: &'a [u8],
    /// The server that was asked, where it was one.
    pub server: Option<&'a str>,
    /// Why the gateway refused it.
    pub refused: Option<&'a str>,
}

/// A lane that was passed over, or asked in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// `provider/model`, and the credential behind a blank where there is one.
    pub lane: String,
    /// Why.
    pub why: &'static str,
    /// How it failed, where it was asked.
    pub failure: Option<&'static str>,
}

/// What only an exchange of HTTP has. What never became known is empty or `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpEntry<'a> {
    /// The method; empty when no head could be read.
    pub method: &'a [u8],
    /// The host asked for, as sent.
    pub host: &'a [u8],
    /// The path as sent, without the query.
    pub path: &'a [u8],
    /// The query as sent, without `?`. Its values are not printed.
    pub query: Option<&'a [u8]>,
    /// The status sent to the client; `None` when none was.
    pub status: Option<u16>,
    /// The route's name.
    pub route: Option<&'a str>,
    /// The service's name.
    pub service: Option<&'a str>,
    /// The operation of the service's API: its id, or method and path.
    pub operation: Option<&'a str>,
    /// The name of the consumer or application.
    pub consumer: Option<&'a str>,
    /// The application's name, where it is one that calls.
    pub application: Option<&'a str>,
    /// The plan by which it calls.
    pub plan: Option<&'a str>,
    /// The product of that plan.
    pub product: Option<&'a str>,
    /// The application's team.
    pub team: Option<&'a str>,
    /// The value of `X-Request-Id` that went to the endpoint.
    pub request_id: Option<&'a str>,
    /// The trace id of `traceparent`, 32 hex digits.
    pub trace_id: Option<&'a str>,
    /// The value of `User-Agent`.
    pub user_agent: Option<&'a [u8]>,
}

impl<'a> AccessEntry<'a> {
    /// An entry of which nothing else is known yet.
    #[must_use]
    pub fn new(time: SystemTime, client: SocketAddr, listener: &'a str, protocol: &'a str) -> Self {
        Self {
            time,
            timings: Timings::default(),
            client,
            peer: None,
            listener,
            protocol,
            tls: None,
            http: None,
            llm: None,
            mcp: None,
            reason: None,
            detail: "",
            termination: Termination::Complete,
            request_bytes: 0,
            response_bytes: 0,
            upstream: None,
            endpoint: None,
            attempts: 0,
        }
    }
}

#[cfg(test)]
mod tests;
