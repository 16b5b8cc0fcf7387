//! Passes an answer of a model on to the client, whole or piece by piece, and settles what it cost.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use architrave_core::Reason;
use architrave_net::h1::{Gone, Persist};
use architrave_net::{
    Framing, Method, Relay, RelayError, ResponseHead, ResponseOptions, Timer, Version, WireError,
    Writer,
};
use architrave_telemetry::usage::LineBodies;
use architrave_telemetry::{Party, Phase, Termination};

use super::{apply_policies, persist_of, send_own};
use crate::attempt::HALF_CLOSED;
use crate::bodies;
use crate::body::NotedBody;
use crate::dispatch::llm::{AnswerBody, LlmAnswer, LlmStream, settle, talk};
use crate::exchange::Exchange;
use crate::serve::{Ending, RequestFacts};
use crate::worker::Worker;

/// Sends an answer and settles what it cost.
pub(super) async fn send(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    answer: LlmAnswer<'_>,
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    let LlmAnswer { mut head, body } = answer;
    if !matches!(body, AnswerBody::Stream(_) | AnswerBody::Talk(_)) {
        settle::whole(worker, exchange);
    }
    apply_policies(exchange, &mut head);
    match body {
        AnswerBody::Whole(bytes) => {
            pin!(send_own(worker, exchange, (&mut head, &bytes), facts, writer)).await
        }
        AnswerBody::Parting(frames) => pin!(talk::part(exchange, &frames, writer)).await,
        AnswerBody::Talk(talk) => Box::pin(talk.run(worker, exchange, head, writer)).await,
        AnswerBody::Stream(stream) => {
            pin!(send_stream(worker, exchange, (head, stream), facts, writer)).await
        }
    }
}

async fn send_stream(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (mut head, stream): (ResponseHead, Box<LlmStream<'_>>),
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Ending {
    head.fields.append("Date", worker.date().as_bytes());
    let is_to_head = exchange.head.method == Method::Head;
    let framing = match exchange.head.version {
        _ if is_to_head => Framing::Empty,
        Version::Http10 => Framing::UntilClose,
        _ => Framing::Chunked,
    };
    let keep_alive = facts.keep_alive
        && exchange.is_body_read
        && framing != Framing::UntilClose
        && !worker.is_ending(exchange.connection);
    let persist = persist_of(exchange.head.version, keep_alive);
    let options = ResponseOptions { framing, persist, is_to_head };
    exchange.status = head.status;
    bodies::note_response(exchange, &head.fields);
    let mut passing = Passing { worker, exchange, stream: Some(stream) };
    let sent = match writer.send_response(&head, options) {
        // What would come is not asked for: it is left with the provider.
        Ok(()) if is_to_head => passing.end_head(writer).await,
        Ok(()) => passing.relay(writer).await,
        Err(error) => Err(RelayError::Sink(error)),
    };
    let (broken, is_refused) = passing.settle().unwrap_or_default();
    drop(passing);
    if let Err(error) = sent {
        let (reason, party) = match error {
            RelayError::Source(error) => (error.upstream_reason(), Party::Endpoint),
            RelayError::Sink(WireError::Stalled) => (Reason::ClientTimeout, Party::Client),
            _ => (Reason::ClientClosed, Party::Client),
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
    if is_refused {
        exchange.reason = Some(Reason::Guardrail);
        exchange.termination =
            Termination::Ended { party: Party::Gateway, phase: Phase::ResponseBody };
    }
    if persist == Persist::Close { Ending::Close } else { Ending::KeepAlive }
}

/// A stream on its way: what was used is settled also when it is dropped there.
struct Passing<'w, 'e, 'p, 's> {
    worker: &'w Worker,
    exchange: &'e mut Exchange<'p>,
    stream: Option<Box<LlmStream<'s>>>,
}

impl Passing<'_, '_, '_, '_> {
    /// Moves the stream down until it is over, or the client gone.
    async fn relay(&mut self, writer: &mut Writer) -> Result<(), RelayError> {
        let Self { exchange, stream: Some(stream), .. } = self else { return Ok(()) };
        writer.limit_stall(exchange.connection.listener.config.timeouts.write_stall);
        let mut download = Relay::default();
        let mut half_closed = Timer::new();
        half_closed.start(HALF_CLOSED);
        poll_fn(|context| {
            let before = download.moved();
            let result = match exchange.bodies.as_deref_mut() {
                None => download.poll(context, &mut **stream, writer),
                Some(LineBodies { rule, response, .. }) => {
                    let mut stream = NotedBody { source: &mut **stream, rule, start: response };
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

    /// Ends an answer that is a head alone.
    async fn end_head(&mut self, writer: &mut Writer) -> Result<(), RelayError> {
        writer.finish(None).map_err(RelayError::Sink)?;
        writer.flush().await.map_err(RelayError::Sink)
    }

    /// Settles what was used; why it broke off, where it did, and whether a guardrail ended it.
    fn settle(&mut self) -> Option<(Option<Reason>, bool)> {
        let end = self.stream.take()?.end();
        let failed = end.failure.as_ref().map(|_told| Reason::BadResponse);
        let how = (end.broken.or(failed), end.is_refused);
        settle::stream(self.worker, self.exchange, end);
        Some(how)
    }
}

impl Drop for Passing<'_, '_, '_, '_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _nobody_asks = self.settle();
        }
    }
}

/// Whether the client is no longer there to take the answer.
fn is_gone(
    context: &mut Context<'_>,
    writer: &mut Writer,
    stream: &mut LlmStream<'_>,
    half_closed: &mut Timer,
) -> bool {
    writer.poll_reset(context).is_ready()
        || match stream.poll_client_gone(context) {
            Poll::Ready(Gone::Reset) => true,
            Poll::Ready(Gone::Closed) => half_closed.poll_elapsed(context).is_ready(),
            Poll::Pending => false,
        }
}
