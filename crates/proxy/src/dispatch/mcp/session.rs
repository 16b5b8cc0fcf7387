//! Sessions of clients, sealed for whom and where they were made.

use std::time::{Duration, UNIX_EPOCH};

use architrave_mcp::between::requests::abilities;
use architrave_mcp::message::{Message, Part};
use architrave_mcp::revision::Revision;
use architrave_mcp::seal::Bound;
use architrave_mcp::session::{Home, ServerSession, Session};

use crate::exchange::Exchange;
use crate::worker::Worker;

/// To whom a session belongs, and where it holds.
fn bound<'e>(exchange: &'e Exchange<'_>) -> Bound<'e> {
    let service = exchange.matched.and_then(|matched| matched.service);
    Bound {
        consumer: exchange.caller_name(),
        endpoint: service.map_or("", |service| service.name.as_str()),
    }
}

/// Opens the session of an id; none where it is over, or somebody else's.
pub(super) fn open(worker: &Worker, exchange: &Exchange<'_>, id: &str) -> Option<Session> {
    let seal = worker.gateway().mcp_seals.sessions();
    Session::open(&seal, bound(exchange), id, now_s(worker))
}

/// Makes a session of what servers have answered to `initialize`; none where it would be too large.
pub(super) fn make(
    worker: &Worker,
    exchange: &Exchange<'_>,
    (opening, text): (&Message, &str),
    (revision, lasts): (Revision, Duration),
    servers: Vec<ServerSession>,
) -> Option<String> {
    let mut serial = [0; 16];
    worker.with_random(|random| random.fill(&mut serial));
    let capabilities = opening.raw(Part::Capabilities, text).unwrap_or("{}");
    let session = Session {
        serial,
        revision,
        abilities: abilities(capabilities),
        home: Home { node: 0, worker: u16::try_from(worker.index()).unwrap_or(u16::MAX) },
        ends_s: now_s(worker) + lasts.as_secs(),
        servers,
    };
    session.seal(&worker.gateway().mcp_seals.sessions(), bound(exchange))
}

fn now_s(worker: &Worker) -> u64 {
    worker.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
