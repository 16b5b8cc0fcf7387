//! Step 7: the response. The one place where a failure becomes an answer, and where an endpoint's
//! answer is passed on. Past this point nothing fails any more; it only ends early.

mod llm;
mod mcp;
mod pass_on;
mod problem;
mod tunnel;

use std::pin::pin;
use std::time::Duration;

use architrave_core::Reason;
use architrave_net::h1::Persist;
use architrave_net::{Framing, Method, ResponseHead, ResponseOptions, Version, WireError, Writer};
use architrave_policy::{Reply, ResponseView};
use architrave_telemetry::{Party, Phase, Termination};

use crate::assembly;
use crate::bodies;
use crate::dispatch::Forwarded;
use crate::dispatch::llm::{body_of_refusal as of_models, name_exchange};
use crate::dispatch::mcp::body_of_refusal as of_tools;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::operation;
use crate::serve::{Ending, Outcome, RequestFacts};
use crate::worker::Worker;

pub(crate) use problem::title;
pub(crate) use tunnel::Tunnel;

/// Ends an exchange: passes on, or answers; and says what becomes of the connection.
pub(crate) async fn finish(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    outcome: Outcome<'_, '_>,
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    match outcome {
        Outcome::Forwarded(forwarded) if forwarded.answered.head.status == 101 => {
            let Forwarded { mut answered, upstream, .. } = forwarded;
            let head = std::mem::take(&mut answered.head);
            Box::pin(tunnel::begin(exchange, (head, answered), upstream, writer)).await
        }
        Outcome::Forwarded(mut forwarded) => {
            let passed =
                pin!(pass_on::pass_on(worker, exchange, &mut forwarded, facts, writer)).await;
            match passed {
                Ok(ending) => {
                    let now = worker.now();
                    exchange.ended = Some(now);
                    worker.keep(forwarded.answered, forwarded.upstream, now);
                    ending
                }
                Err(error) => pass_on::end_early(exchange, writer, &error),
            }
        }
        Outcome::Llm(answer) => Box::pin(llm::send(worker, exchange, *answer, facts, writer)).await,
        Outcome::Mcp(answer) => Box::pin(mcp::send(worker, exchange, *answer, facts, writer)).await,
        Outcome::Reply(reply) => {
            exchange.reason = reply.reason;
            if reply.reason.is_some() {
                exchange.termination =
                    Termination::Ended { party: Party::Gateway, phase: Phase::Admit };
            }
            Box::pin(answer(worker, exchange, reply, facts, writer)).await
        }
        Outcome::Failed(failure) => Box::pin(fail(worker, exchange, failure, facts, writer)).await,
    }
}

async fn fail(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    failure: Failure,
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    exchange.reason = Some(failure.reason);
    exchange.termination = failure.termination();
    if failure.reason == Reason::ClientClosed {
        writer.abort();
        return Ending::Close;
    }
    let mut reply = Reply::refuse(failure.reason, assembly::refusal(failure.reason));
    if failure.reason == Reason::QueueFull || failure.reason == Reason::NoHealthyEndpoint {
        reply = reply.with_field("Retry-After", b"1");
    }
    if let Some(seconds) = assembly::retry_after(failure.reason) {
        reply = reply.with_field("Retry-After", seconds);
    }
    tracing::debug!(reason = failure.reason.as_str(), detail = %failure.detail, "exchange failed");
    // What is wrong with an endpoint is the operator's to know; what with a request, the client's.
    if failure.party == Party::Client {
        reply.detail.clone_from(&failure.detail);
    }
    exchange.detail = failure.detail;
    // What such a client sent cannot be told apart from what it will send next: its connection is
    // closed, and the answer says so.
    let facts = if failure.party == Party::Client { &LAST } else { facts };
    answer(worker, exchange, reply, facts, writer).await
}

/// Sends an answer of the gateway's own.
async fn answer(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    reply: Reply,
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    let mut head = ResponseHead { status: reply.status, ..ResponseHead::default() };
    head.fields.append_all(&reply.fields);
    if let Some(document) = &reply.document {
        head.fields.append("Content-Type", b"application/json");
        apply_policies(exchange, &mut head);
        return send_own(worker, exchange, (&mut head, document), facts, writer).await;
    }
    let body = match of_models(exchange, &reply) {
        Some(body) => {
            name_exchange(&mut head.fields, exchange);
            Some(body)
        }
        None => of_tools(exchange, &reply),
    };
    let body = match body {
        Some(body) => {
            head.fields.append("Content-Type", b"application/json");
            body
        }
        None => problem::body(exchange, reply.reason, &reply.detail, &mut head),
    };
    apply_policies(exchange, &mut head);
    send_own(worker, exchange, (&mut head, &body), facts, writer).await
}

/// What is said to a client beside the answer itself: of an end to come, and by policies, which
/// have the last word.
fn apply_policies(exchange: &Exchange<'_>, head: &mut ResponseHead) {
    let Some(matched) = &exchange.matched else { return };
    let life = matched.service.and_then(|service| service.life.as_deref());
    operation::tell(life, exchange.operation, &mut head.fields);
    matched.chain.respond(&mut ResponseView { head, admission: &exchange.admission });
}

/// Sends the head and body of an answer of our own, as the policies left them.
async fn send_own(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (head, body): (&mut ResponseHead, &[u8]),
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    bodies::note_whole_response(exchange, &head.fields, body);
    head.fields.append("Date", worker.date().as_bytes());
    let is_to_head = exchange.head.method == Method::Head;
    let framing = match body.len() {
        _ if is_to_head => Framing::Empty,
        0 => Framing::Empty,
        length => Framing::Length(length as u64),
    };
    // The body that the client still sends, or waits for leave to send, is in the way.
    let is_body_done = facts.framing == Framing::Empty || exchange.is_body_read;
    let is_small = matches!(facts.framing, Framing::Length(length) if length <= DRAIN_BYTES_MAX);
    let can_go_on = is_body_done || (is_small && !facts.expects_continue);
    let keep_alive = facts.keep_alive && can_go_on && !worker.is_ending(exchange.connection);
    let persist = persist_of(exchange.head.version, keep_alive);
    exchange.status = head.status;
    let stall = exchange.connection.listener.config.timeouts.write_stall;
    let options = ResponseOptions { framing, persist, is_to_head };
    match send_whole(writer, head, options, body, stall).await {
        Ok(()) => exchange.response_bytes = if is_to_head { 0 } else { body.len() as u64 },
        Err(_gone) => {
            exchange.termination =
                Termination::Ended { party: Party::Client, phase: Phase::ResponseBody };
            return Ending::Close;
        }
    }
    if keep_alive { Ending::KeepAlive } else { Ending::Close }
}

/// The longest request body that is read and thrown away so that its connection can go on.
pub(crate) const DRAIN_BYTES_MAX: u64 = 64 * 1024;

async fn send_whole(
    writer: &mut Writer,
    head: &ResponseHead,
    options: ResponseOptions,
    body: &[u8],
    stall: Duration,
) -> Result<(), WireError> {
    writer.send_response(head, options)?;
    writer.limit_stall(stall);
    if options.framing != Framing::Empty {
        writer.write_all(body).await?;
    }
    writer.finish(None)?;
    writer.flush().await
}

/// What a response says about an HTTP/1 connection.
pub(crate) const fn persist_of(version: Version, keep_alive: bool) -> Persist {
    match (version, keep_alive) {
        (_, false) => Persist::Close,
        (Version::Http10, true) => Persist::KeepAliveHttp10,
        (Version::Http11 | Version::H2, true) => Persist::KeepAlive,
    }
}

/// Answers a request whose head could not be read; the connection is closed behind it.
pub(crate) async fn refuse_head(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    failure: Failure,
    writer: &mut Writer,
) {
    // The connection is closed whatever the answer says.
    let _closed = fail(worker, exchange, failure, &LAST, writer).await;
}

/// What is to be known of a request whose connection is closed behind the answer.
const LAST: RequestFacts = RequestFacts {
    framing: Framing::Empty,
    authority: String::new(),
    upgrade: None,
    takes_trailers: false,
    has_stray_body: false,
    expects_continue: false,
    keep_alive: false,
};

/// Notes that an exchange ends for the gateway does; there is nobody any more who could answer.
pub(crate) fn cut(exchange: &mut Exchange<'_>) {
    if exchange.termination == Termination::Complete {
        exchange.reason = Some(Reason::ShuttingDown);
        exchange.termination = Termination::gateway(phase_of(exchange));
    }
}

/// What is going on, as far as is noted while it does.
const fn phase_of(exchange: &Exchange<'_>) -> Phase {
    match (exchange.status, exchange.attempts) {
        (0, 0) => Phase::Admit,
        (0, _) => Phase::Wait,
        _ => Phase::ResponseBody,
    }
}

/// Ends an exchange in which the gateway itself went wrong, with an answer where none has begun.
pub(crate) async fn break_off(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    writer: &mut Writer,
) -> Ending {
    exchange.reason = Some(Reason::Internal);
    exchange.termination = Termination::gateway(phase_of(exchange));
    if exchange.status != 0 {
        writer.abort();
        return Ending::Close;
    }
    let mut head = ResponseHead { status: Reason::Internal.status(), ..ResponseHead::default() };
    let body = problem::body(exchange, exchange.reason, "", &mut head);
    // Past the policies: one of them may be what went wrong.
    send_own(worker, exchange, (&mut head, &body), &LAST, writer).await
}
