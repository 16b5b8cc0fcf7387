//! Requests to MCP servers: what a client says, to which servers that goes, and what comes back.
//!
//! What messages say is `mcp`'s, whom they are for is `crate::mcp`'s; here they are put together
//! around the attempts. Past this file nothing fails but that the client goes away: whatever happens,
//! it gets an answer in the words of the era that it speaks.

mod absent;
mod access;
mod answer;
mod ask;
mod era;
mod facts;
mod fan;
mod front;
mod gathered;
mod incoming;
mod merged;
mod outgoing;
mod relay;
mod session;
mod straight;
mod stream;
mod turned_away;

use std::pin::pin;
use std::sync::Arc;

use architrave_core::Reason;
use architrave_mcp::arrival::era_of_heads;
use architrave_mcp::header::Heads;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_net::Method;

use super::ClientSide;
use super::llm::below_route;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{LiveMcpService, Reached};
use crate::worker::Worker;
use answer::refuse;

pub(crate) use answer::{McpAnswer, McpBody};
pub(crate) use facts::McpFacts;
pub(crate) use stream::McpStream;
pub(crate) use turned_away::body_of_refusal;

/// Why there is no answer of a server's.
#[derive(Debug)]
enum Missed {
    /// The gateway refuses it.
    Refused(Refusal),
    /// It could not be asked, or gave no answer.
    Failed(Failure),
}

impl From<Refusal> for Missed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Serves a request to MCP servers.
///
/// # Errors
/// The client is not there any more.
pub(crate) async fn serve<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    service: &Arc<LiveMcpService>,
) -> Result<McpAnswer<'a>, Failure> {
    exchange.mcp = Some(Box::default());
    let fields = exchange.head.fields.clone();
    let heads = incoming::heads(&fields);
    // Whatever is wrong with them, an answer is of some era.
    let era = heads.as_ref().map_or(Era::Legacy, era_of_heads);
    let wrong = |kind: RefusalKind| Refusal::new(kind, "");
    if let Err(refusal) = front::check(exchange, &service.config) {
        return refuse(exchange, &refusal.into(), (None, era));
    }
    let Some(reached) = service.at(below_route(exchange)) else {
        return Ok(answer::nothing_here(exchange));
    };
    let heads = match heads {
        Ok(heads) => heads,
        Err(refusal) => return refuse(exchange, &refusal.into(), (None, era)),
    };
    match (&exchange.head.method, era) {
        (Method::Post, _) => pin!(post(worker, exchange, client, (service, reached, &heads))).await,
        (Method::Get, Era::Legacy) => {
            if let Err(refusal) = front::takes_events(&fields) {
                return refuse(exchange, &refusal.into(), (None, era));
            }
            let at = (service, reached, &heads);
            let answer = pin!(straight::or_merged_get(worker, exchange, client, at)).await;
            answer.or_else(|missed| refuse(exchange, &missed, (None, era)))
        }
        (Method::Delete, Era::Legacy) => {
            let at = (service, reached, &heads);
            let answer = pin!(straight::or_merged_delete(worker, exchange, client, at)).await;
            answer.or_else(|missed| refuse(exchange, &missed, (None, era)))
        }
        _ => {
            let refused = refuse(exchange, &wrong(RefusalKind::WrongVerb).into(), (None, era));
            refused.map(|mut answer| {
                let allowed: &[u8] = match era {
                    Era::Legacy => b"GET, POST, DELETE",
                    Era::Modern => b"POST",
                };
                answer.head.fields.append("Allow", allowed);
                answer
            })
        }
    }
}

/// What a request reaches: the service, which of its servers, and the headers of the protocol.
type At<'s> = (&'s Arc<LiveMcpService>, Reached, &'s Heads<'s>);

async fn post<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    (service, reached, heads): At<'_>,
) -> Result<McpAnswer<'a>, Failure> {
    let ClientSide { reader, writer, facts } = client;
    let client_side = (&mut *reader, &mut *writer, facts);
    let read = pin!(incoming::read(worker, exchange, client_side, service, heads)).await?;
    let incoming = match read {
        Ok(incoming) => incoming,
        Err(unread) => {
            let about = (unread.id.as_deref(), unread.era);
            let refusal = in_its_words(unread.refusal, (service, reached), heads);
            return refuse(exchange, &refusal.into(), about);
        }
    };
    let client = ClientSide { reader, writer, facts };
    let (id, era) = (incoming.id().map(str::to_owned), incoming.arrival.era());
    let answer = match reached {
        Reached::One(place) => {
            pin!(straight::post(worker, exchange, client, (service, place), incoming)).await
        }
        Reached::All => Box::pin(merged::post(worker, exchange, client, service, incoming)).await,
    };
    answer.or_else(|missed| refuse(exchange, &missed, (id.as_deref(), era)))
}

/// A refusal of a revision, of the server that is behind it: it says itself which ones it speaks.
fn in_its_words(
    refusal: Refusal,
    (service, reached): (&LiveMcpService, Reached),
    heads: &Heads<'_>,
) -> Refusal {
    match (refusal.kind, reached) {
        (RefusalKind::UnsupportedVersion, Reached::One(place)) => {
            let spoken = service.servers[place].revisions();
            Refusal::unsupported_version(heads.version.unwrap_or_default(), &spoken)
        }
        _ => refusal,
    }
}

/// What a refusal is called among the reasons of the gateway; none where it is an answer as any other.
fn reason_of(kind: RefusalKind, era: Era) -> Option<Reason> {
    match kind.status(era) {
        200 => None,
        403 => Some(Reason::Forbidden),
        404 => Some(Reason::NotFound),
        405 => Some(Reason::MethodNotAllowed),
        413 => Some(Reason::BodyTooLarge),
        429 => Some(Reason::RateLimited),
        _ => Some(Reason::BadRequest),
    }
}
