//! Passes an answer on to an MCP client, whole or event by event.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use architrave_core::Reason;
use architrave_net::h1::{Gone, Persist};
use architrave_net::{
    Framing, Relay, RelayError, ResponseHead, ResponseOptions, Timer, Version, WireError, Writer,
};
use architrave_telemetry::usage::LineBodies;
use architrave_telemetry::{Party, Phase, Termination};

use super::{apply_policies, persist_of, send_own};
use crate::attempt::HALF_CLOSED;
use crate::bodies;
use crate::body::NotedBody;
use crate::dispatch::llm::name_exchange;
use crate::dispatch::mcp::{McpAnswer, McpBody, McpStream};
use crate::exchange::Exchange;
use crate::serve::{Ending, RequestFacts};
use crate::worker::{ParkedSeat, Worker};

/// Sends an answer.
pub(super) async fn send(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    answer: McpAnswer<'_>,
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    let McpAnswer { mut head, body } = answer;
    name_exchange(&mut head.fields, exchange);
    apply_policies(exchange, &mut head);
    match body {
        McpBody::Whole(bytes) => {
            pin!(send_own(worker, exchange, (&mut head, &bytes), facts, writer)).await
        }
        McpBody::Stream(stream) => {
            pin!(send_stream(worker, exchange, (head, stream), facts, writer)).await
        }
    }
}

async fn send_stream(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (mut head, mut stream): (ResponseHead, Box<McpStream<'_>>),
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    head.fields.append("Date", worker.date().as_bytes());
    let framing = match exchange.head.version {
        Version::Http10 => Framing::UntilClose,
        _ => Framing::Chunked,
    };
    let is_read = exchange.is_body_read || facts.framing == Framing::Empty;
    let keep_alive = facts.keep_alive
        && is_read
        && framing == Framing::Chunked
        && !worker.is_ending(exchange.connection);
    let persist = persist_of(exchange.head.version, keep_alive);
    let options = ResponseOptions { framing, persist, is_to_head: false };
    exchange.status = head.status;
    bodies::note_response(exchange, &head.fields);
    let sent = match writer.send_response(&head, options) {
        Ok(()) => pin!(relay(worker, exchange, &mut stream, writer)).await,
        Err(error) => Err(RelayError::Sink(error)),
    };
    let (broken, ended) = stream.end();
    let now = worker.now();
    for (answered, upstream) in ended {
        worker.keep(*answered, &upstream, now);
    }
    if let Err(error) = sent {
        let (reason, party) = match error {
            RelayError::Source(error) => (error.upstream_reason(), Party::Endpoint),
            RelayError::Sink(WireError::Stalled) => (Reason::ClientTimeout, Party::Client),
            RelayError::Sink(_) => (Reason::ClientClosed, Party::Client),
        };
        exchange.reason = Some(reason);
        exchange.termination = Termination::Ended { party, phase: Phase::ResponseBody };
        writer.abort();
        return Ending::Close;
    }
    if let Some(reason) = broken {
        exchange.reason = Some(reason);
        exchange.termination =
            Termination::Ended { party: Party::Endpoint, phase: Phase::ResponseBody };
    }
    if persist == Persist::Close { Ending::Close } else { Ending::KeepAlive }
}

/// Moves the stream down until it is over, or the client gone.
async fn relay(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    stream: &mut McpStream<'_>,
    writer: &mut Writer,
) -> Result<(), RelayError> {
    writer.limit_stall(exchange.connection.listener.config.timeouts.write_stall);
    let mut download = Relay::default();
    let mut half_closed = Timer::new();
    half_closed.start(HALF_CLOSED);
    let seat = ParkedSeat::take(&worker.handle());
    poll_fn(|context| {
        seat.park(context);
        if worker.is_ending(exchange.connection) {
            stream.hang_up();
        }
        let before = download.moved();
        let result = match exchange.bodies.as_deref_mut() {
            None => download.poll(context, stream, writer),
            Some(LineBodies { rule, response, .. }) => {
                let mut stream = NotedBody { source: &mut *stream, rule, start: response };
                download.poll(context, &mut stream, writer)
            }
        };
        if download.moved() > before {
            half_closed.restart();
            exchange.response_bytes = download.moved();
        }
        if result.is_pending() && is_gone(context, writer, stream, &mut half_closed) {
            return Poll::Ready(Err(RelayError::Sink(WireError::Closed)));
        }
        result
    })
    .await
}

/// Whether the client is no longer there to take the answer.
fn is_gone(
    context: &mut Context<'_>,
    writer: &mut Writer,
    stream: &mut McpStream<'_>,
    half_closed: &mut Timer,
) -> bool {
    writer.poll_reset(context).is_ready()
        || match stream.poll_client_gone(context) {
            Poll::Ready(Gone::Reset) => true,
            Poll::Ready(Gone::Closed) => half_closed.poll_elapsed(context).is_ready(),
            Poll::Pending => false,
        }
}
