//! An answer to an MCP client: whole, or a stream; and the refusals.

use architrave_core::Reason;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_net::{Fields, ResponseHead};
use architrave_telemetry::{Party, Phase, Termination};

use super::stream::McpStream;
use super::{Missed, reason_of};
use crate::exchange::Exchange;
use crate::failure::Failure;

/// An answer to an MCP client.
#[derive(Debug)]
pub(crate) struct McpAnswer<'a> {
    /// Its head; framing is not in it.
    pub head: ResponseHead,
    /// Its body.
    pub body: McpBody<'a>,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum McpBody<'a> {
    /// It is there.
    Whole(Vec<u8>),
    /// It comes event by event.
    Stream(Box<McpStream<'a>>),
}

impl McpAnswer<'_> {
    /// A message, or nothing, as a whole.
    pub(super) fn whole(status: u16, body: Vec<u8>) -> Self {
        let mut head = ResponseHead { status, fields: Fields::roomy(), ..ResponseHead::default() };
        if !body.is_empty() {
            head.fields.append("Content-Type", b"application/json");
        }
        head.fields.append("Cache-Control", b"no-store");
        Self { head, body: McpBody::Whole(body) }
    }
}

impl<'a> McpAnswer<'a> {
    /// Events as they come.
    pub(super) fn stream(stream: McpStream<'a>) -> Self {
        let mut head =
            ResponseHead { status: 200, fields: Fields::roomy(), ..ResponseHead::default() };
        head.fields.append("Content-Type", b"text/event-stream");
        head.fields.append("Cache-Control", b"no-store");
        // Whoever stands between shall not wait for more.
        head.fields.append("X-Accel-Buffering", b"no");
        Self { head, body: McpBody::Stream(Box::new(stream)) }
    }
}

/// Tells a client why it gets no answer of a server's, in the words of its era.
///
/// # Errors
/// Nobody is there to be told.
pub(super) fn refuse<'a>(
    exchange: &mut Exchange<'_>,
    missed: &Missed,
    (id, era): (Option<&str>, Era),
) -> Result<McpAnswer<'a>, Failure> {
    let (refusal, status) = match missed {
        Missed::Refused(refusal) => {
            exchange.reason = reason_of(refusal.kind, era);
            if exchange.reason.is_some() {
                exchange.termination =
                    Termination::Ended { party: Party::Client, phase: Phase::Admit };
            }
            (refusal.clone(), refusal.status(era))
        }
        Missed::Failed(failure) if failure.party == Party::Client => {
            let Failure { reason, party, phase, retry, detail } = failure;
            let detail = detail.clone();
            return Err(Failure {
                reason: *reason,
                party: *party,
                phase: *phase,
                retry: *retry,
                detail,
            });
        }
        Missed::Failed(failure) => {
            exchange.reason = Some(failure.reason);
            exchange.termination = failure.termination();
            exchange.detail = failure.detail.clone();
            let refusal = Refusal::new(RefusalKind::ServerFailed, failed(failure.reason));
            // Who waits for no answer learns it by the status.
            let status = match id {
                Some(_) => refusal.status(era),
                None => failure.reason.status(),
            };
            (refusal, status)
        }
    };
    let mut retry_after_s = None;
    if let Some(facts) = &mut exchange.mcp {
        facts.refused = Some(refusal.kind.word());
        retry_after_s = facts.retry_after_s;
    }
    let mut body = Vec::with_capacity(256);
    refusal.write(&mut body, id, era);
    let mut answer = McpAnswer::whole(status, body);
    if let Some(seconds) = retry_after_s {
        answer.head.fields.append("Retry-After", seconds.to_string().as_bytes());
    }
    Ok(answer)
}

/// What a client is told of a failure; what is wrong with a server is the operator's to know.
pub(super) const fn failed(reason: Reason) -> &'static str {
    match reason {
        Reason::ConnectTimeout | Reason::ResponseTimeout | Reason::StallTimeout => {
            "it did not answer in time"
        }
        Reason::QueueFull => "too many requests to it wait",
        Reason::NoHealthyEndpoint | Reason::ConnectFailed | Reason::TlsFailed => {
            "it cannot be reached"
        }
        Reason::BadResponse => "it answered in no words of the protocol",
        _ => "its answer broke off",
    }
}

/// That nothing is at a path.
pub(super) fn nothing_here<'a>(exchange: &mut Exchange<'_>) -> McpAnswer<'a> {
    exchange.reason = Some(Reason::NotFound);
    exchange.termination = Termination::Ended { party: Party::Client, phase: Phase::Admit };
    McpAnswer::whole(404, Vec::new())
}
