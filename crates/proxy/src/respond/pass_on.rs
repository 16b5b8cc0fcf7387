//! Passes an endpoint's answer on to the client, frame by frame, while the request's body may
//! still be on its way.

use std::future::poll_fn;
use std::task::{Context, Poll};

use architrave_core::Reason;
use architrave_net::h1::Gone;
use architrave_net::{
    Call, Framing, Method, Relay, RelayError, ResponseOptions, Source, Timer, Version, WireError,
    Writer, hop,
};
use architrave_telemetry::usage::LineBodies;
use architrave_telemetry::{Party, Phase, Termination};

use super::{apply_policies, persist_of};
use crate::attempt::HALF_CLOSED;
use crate::bodies;
use crate::body::{NotedBody, RequestBody};
use crate::dispatch::Forwarded;
use crate::exchange::Exchange;
use crate::serve::{Ending, RequestFacts};
use crate::worker::Worker;

/// Passes the answer on, whole.
///
/// # Errors
/// Which end failed before it was over; see [`end_early`].
pub(super) async fn pass_on(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    forwarded: &mut Forwarded<'_, '_>,
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Result<Ending, RelayError> {
    #[cfg(test)]
    crate::fault::strike("answer", exchange.head);
    let answered = &mut forwarded.answered;
    hop::strip_hop_by_hop(&mut answered.head.fields);
    apply_policies(exchange, &mut answered.head);
    if let Some(cookie) = forwarded.set_cookie.take() {
        answered.head.fields.append("Set-Cookie", cookie.as_bytes());
    }
    let options = options_of(worker, exchange, facts, answered.framing);
    exchange.status = answered.head.status;
    writer.send_response(&answered.head, options).map_err(RelayError::Sink)?;
    #[cfg(test)]
    crate::fault::strike_once_told("body", exchange.head, writer).await;
    writer.limit_stall(exchange.connection.listener.config.timeouts.write_stall);
    let idle = forwarded.upstream.config.timeouts.idle;
    if let Some(reader) = answered.call.reader() {
        reader.limit_stall(idle);
    }
    bodies::note_response(exchange, &answered.head.fields);
    let mut download = Relay::default();
    let result = relay_both(
        &mut answered.call,
        (&mut download, &mut exchange.response_bytes, exchange.bodies.as_deref_mut()),
        writer,
        &mut answered.upload,
        &mut forwarded.body,
    )
    .await;
    exchange.request_bytes = answered.upload.moved();
    bodies::take_request(exchange, &mut forwarded.body);
    exchange.timings.read_at = forwarded.body.ended_at().or(exchange.timings.read_at);
    result?;
    let is_body_done = answered.upload.is_done() && forwarded.body.is_ended();
    let says_close = options.persist == architrave_net::h1::Persist::Close;
    Ok(if is_body_done && !says_close { Ending::KeepAlive } else { Ending::Close })
}

fn options_of(
    worker: &Worker,
    exchange: &Exchange<'_>,
    facts: &RequestFacts,
    framing: Framing,
) -> ResponseOptions {
    let version = exchange.head.version;
    let framing = match framing {
        // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
        Framing::Chunked | Framing::UntilClose if version == Version::Http10 => Framing::UntilClose,
        Framing::UntilClose => Framing::Chunked,
        other => other,
    };
    let keep_alive = facts.keep_alive
        && framing != Framing::UntilClose
        && !worker.is_ending(exchange.connection);
    ResponseOptions {
        framing,
        persist: persist_of(version, keep_alive),
        is_to_head: exchange.head.method == Method::Head,
    }
}

/// Moves the response down, and what is left of the request up, until the response is over. What
/// went down is noted as it goes: whoever is dropped on the way is recorded, too.
async fn relay_both(
    call: &mut Call,
    (download, response_bytes, mut noted): (&mut Relay, &mut u64, Option<&mut LineBodies>),
    writer: &mut Writer,
    upload: &mut Relay,
    body: &mut RequestBody<'_>,
) -> Result<(), RelayError> {
    let mut is_uploading = !upload.is_done();
    let mut half_closed = Timer::new();
    half_closed.start(HALF_CLOSED);
    body.answer_began();
    let (mut broken, mut is_limited) = (None, false);
    poll_fn(|context| {
        let (up, down) = call.halves();
        if is_uploading {
            match upload.poll(context, body, up) {
                Poll::Pending => {}
                Poll::Ready(Err(RelayError::Source(WireError::Closed | WireError::Io(_)))) => {
                    return Poll::Ready(Err(RelayError::Sink(WireError::Closed)));
                }
                // A client that breaks its own body still gets an answer that is on its way, and
                // loses its connection after it; but an endpoint may be waiting for the rest.
                Poll::Ready(Err(RelayError::Source(error))) => {
                    is_uploading = false;
                    broken = Some(error);
                }
                // An endpoint that has answered may stop reading.
                Poll::Ready(_) => is_uploading = false,
            }
        }
        let Some(down) = down else {
            return Poll::Ready(Err(RelayError::Source(WireError::Closed)));
        };
        if broken.is_some() && !is_limited {
            down.limit_stall(HALF_CLOSED);
            is_limited = true;
        }
        let before = download.moved();
        let downloaded = match &mut noted {
            None => download.poll(context, down, writer),
            Some(LineBodies { rule, response, .. }) => {
                let mut down = NotedBody { source: down, rule, start: response };
                download.poll(context, &mut down, writer)
            }
        };
        if download.moved() > before {
            half_closed.restart();
            *response_bytes = download.moved();
        }
        if downloaded.is_pending() && is_gone(context, writer, body, &mut half_closed) {
            return Poll::Ready(Err(RelayError::Sink(WireError::Closed)));
        }
        match (downloaded, broken.take()) {
            (Poll::Ready(Err(RelayError::Source(WireError::Stalled))), Some(error)) => {
                Poll::Ready(Err(RelayError::Sink(error)))
            }
            (downloaded, error) => {
                broken = error;
                downloaded
            }
        }
    })
    .await
}

/// Whether the client is no longer there to take the response. One that has closed only its own
/// half may still be; but when there is nothing to tell it either, it is taken to be gone.
fn is_gone(
    context: &mut Context<'_>,
    writer: &mut Writer,
    body: &mut RequestBody<'_>,
    half_closed: &mut Timer,
) -> bool {
    writer.poll_reset(context).is_ready()
        || match body.poll_gone(context) {
            Poll::Ready(Gone::Reset) => true,
            Poll::Ready(Gone::Closed) => half_closed.poll_elapsed(context).is_ready(),
            Poll::Pending => false,
        }
}

/// Says why the response ended early, and to the client that it did.
pub(super) fn end_early(
    exchange: &mut Exchange<'_>,
    writer: &mut Writer,
    error: &RelayError,
) -> Ending {
    let (reason, party) = match error {
        RelayError::Source(error) => (error.upstream_reason(), Party::Endpoint),
        RelayError::Sink(WireError::LengthMismatch) => (Reason::BadResponse, Party::Endpoint),
        RelayError::Sink(WireError::Stalled) => (Reason::ClientTimeout, Party::Client),
        RelayError::Sink(_) => (Reason::ClientClosed, Party::Client),
    };
    tracing::debug!(reason = reason.as_str(), ?error, "response ended early");
    exchange.reason = Some(reason);
    exchange.termination = Termination::Ended { party, phase: Phase::ResponseBody };
    writer.abort();
    Ending::Close
}
