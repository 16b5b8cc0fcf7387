//! The life of a request, in order: the only file that lists the steps. See docs/request-life.md.

pub(crate) mod h1;
pub(crate) mod h2;

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;

use architrave_core::{Moment, Reason};
use architrave_net::{Framing, Reader, RequestHead, Writer};
use architrave_policy::{Reply, Verdict};
use futures_util::FutureExt;

use crate::connection::Connection;
use crate::dispatch::llm::LlmAnswer;
use crate::dispatch::mcp::McpAnswer;
use crate::dispatch::{ClientSide, Dispatched, Forwarded, dispatch};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::worker::Worker;
use crate::{admit, record, respond};

/// What is known of a request beside its head.
#[derive(Clone, Debug)]
pub(crate) struct RequestFacts {
    /// How its body is framed.
    pub framing: Framing,
    /// Host and port as the client named them.
    pub authority: String,
    /// The protocol to switch to, if one may be.
    pub upgrade: Option<String>,
    /// Whether the client welcomes trailers.
    pub takes_trailers: bool,
    /// Whether it has a body where none is expected (GET and the like): an endpoint that does not
    /// read it would take it for the next request.
    pub has_stray_body: bool,
    /// Whether the client waits for leave to send its body.
    pub expects_continue: bool,
    /// Whether the client's connection can go on after this exchange.
    pub keep_alive: bool,
}

/// A request and the two halves it is served through.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// Its head.
    pub head: &'a mut RequestHead,
    /// When the first byte of the head was there, where the rest came later.
    pub first_byte_at: Option<Moment>,
    /// What is known beside it.
    pub facts: RequestFacts,
    /// Where its body comes from.
    pub reader: &'a mut Reader,
    /// Where its response goes.
    pub writer: &'a mut Writer,
}

/// What came out of the steps before the response.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is made once and taken apart at once")]
pub(crate) enum Outcome<'a, 'p> {
    /// The gateway answers for itself.
    Reply(Reply),
    /// An endpoint answers.
    Forwarded(Forwarded<'a, 'p>),
    /// A model answers, or the gateway in the dialect of whoever asked one.
    Llm(Box<LlmAnswer<'a>>),
    /// An MCP server answers, or the gateway in the words of the protocol.
    Mcp(Box<McpAnswer<'a>>),
    /// The exchange failed.
    Failed(Failure),
}

/// What becomes of the client's connection.
#[derive(Debug)]
pub(crate) enum Ending {
    /// It can carry another exchange.
    KeepAlive,
    /// It must be closed.
    Close,
    /// It has become a tunnel to an endpoint.
    Tunnel(Box<respond::Tunnel>),
}

/// Serves one request: the whole life of it, in order. Returns what becomes of the connection.
pub(crate) async fn serve_request(
    worker: &Rc<Worker>,
    connection: &Rc<Connection>,
    request: Request<'_>,
) -> Ending {
    let Request { head, first_byte_at, facts, reader, writer } = request;
    let pinned = worker.pinned();
    let begun = Exchange::begin(worker, pinned.assembly(), connection, head);
    let mut record = record::ExchangeRecord::new(worker, begun);
    let exchange = &mut record.exchange;
    if first_byte_at.is_some() {
        exchange.first_byte_at = first_byte_at;
        exchange.timings.read_at = (facts.framing == Framing::Empty).then_some(exchange.began);
    }
    let in_flight = record::begin(worker, connection);
    let ending = {
        // Pinned where it is made, as are others below: a future is moved as a whole, with all the
        // room that its steps will need, and that costs more than much that it does.
        let steps = pin!(async {
            // Boxed, for what is looked at here stays until the match ends: every connection would
            // have room for it beside all that dispatching needs.
            let outcome = match prepare(worker, exchange, &facts).map(Box::new) {
                Some(outcome) => *outcome,
                None => {
                    let client = ClientSide { reader, writer: &mut *writer, facts: &facts };
                    let dispatched = pin!(dispatch(worker, exchange, client)).await;
                    match dispatched {
                        Ok(Dispatched::Forwarded(forwarded)) => Outcome::Forwarded(forwarded),
                        Ok(Dispatched::Llm(answer)) => Outcome::Llm(answer),
                        Ok(Dispatched::Mcp(answer)) => Outcome::Mcp(answer),
                        Err(failure) => Outcome::Failed(failure),
                    }
                }
            };
            pin!(respond::finish(worker, exchange, outcome, &facts, writer)).await
        });
        AssertUnwindSafe(steps).catch_unwind().await
    };
    // A panic costs this exchange alone. What it held is given back by its guards, and what it may
    // have left half done, its connections to both sides, is not used again.
    let ending = match ending {
        Ok(ending) => ending,
        Err(_heard_by_the_hook) => respond::break_off(worker, &mut record.exchange, writer).await,
    };
    drop(in_flight);
    record.record();
    let Exchange { path, host, .. } = &mut record.exchange;
    for text in [std::mem::take(path), std::mem::take(host), facts.authority] {
        worker.spares().texts.give(text);
    }
    ending
}

/// Route and admit: what comes out when the exchange ends there.
fn prepare(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    facts: &RequestFacts,
) -> Option<Outcome<'static, 'static>> {
    let unrouted = match admit::match_route(worker, exchange) {
        Ok(()) => None,
        // The policies of the listener hold for requests that no route takes, too.
        Err(failure) if failure.reason == Reason::NoRoute => Some(failure),
        Err(failure) => return Some(Outcome::Failed(failure)),
    };
    #[cfg(test)]
    crate::fault::strike("admit", exchange.head);
    match admit::admit(worker, exchange, facts) {
        Verdict::Reply(reply) => Some(Outcome::Reply(reply)),
        Verdict::Continue => unrouted.map(Outcome::Failed),
    }
}

#[cfg(test)]
mod tests;
