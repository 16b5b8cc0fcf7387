//! Attempts that were given up, as the record of the exchange tells them. One that is passed on is
//! told by the exchange itself: whoever needs one attempt pays for no list.

use std::net::SocketAddr;
use std::time::Duration;

use architrave_core::{Moment, Reason};
use architrave_telemetry::AttemptEntry;

use crate::exchange::Exchange;

/// So many are kept, the latest in any case; with the one that is passed on there are eight.
const KEPT_MAX: usize = 7;

/// An attempt that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    endpoint: Option<SocketAddr>,
    /// The provider and the model's name there.
    lane: Option<String>,
    began: Moment,
    took: Duration,
    status: Option<u16>,
    error: Option<Reason>,
    given_up: Option<&'static str>,
}

/// What is known of an attempt that is given up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    /// The status of its answer.
    pub status: Option<u16>,
    /// How it failed.
    pub error: Option<Reason>,
    /// Why another may be made.
    pub why: Option<&'static str>,
}

/// Notes that the attempt which is under way is given up; nothing where none is.
pub(crate) fn give_up(exchange: &mut Exchange<'_>, now: Moment, given: Given) {
    let Some(began) = exchange.timings.attempt_at.take() else { return };
    let endpoint = exchange.endpoint.as_ref().map(|endpoint| endpoint.address());
    note(exchange, (endpoint, began), now, given);
}

/// Notes an attempt that was given up beside the one that is under way.
pub(crate) fn note(
    exchange: &mut Exchange<'_>,
    (endpoint, began): (Option<SocketAddr>, Moment),
    now: Moment,
    given: Given,
) {
    let lane = lane(exchange);
    let Given { status, error, why: given_up } = given;
    let took = now.since(began);
    let tried = Tried { endpoint, lane, began, took, status, error, given_up };
    if exchange.tried.len() == KEPT_MAX {
        exchange.tried.pop();
    }
    exchange.tried.push(tried);
}

fn lane(exchange: &Exchange<'_>) -> Option<String> {
    let facts = exchange.llm.as_ref().filter(|facts| !facts.provider.is_empty())?;
    Some(format!("{}/{}", facts.provider, facts.upstream_model))
}

/// All attempts of an exchange that is over, in order; of many, the first and the last ones.
pub(crate) fn entries(
    exchange: &Exchange<'_>,
    (began, total): (Moment, Duration),
) -> Vec<AttemptEntry> {
    let mut all: Vec<AttemptEntry> = exchange
        .tried
        .iter()
        .map(|tried| AttemptEntry {
            endpoint: tried.endpoint,
            lane: tried.lane.clone(),
            start: tried.began.since(began),
            duration: tried.took,
            status: tried.status,
            error: tried.error,
            given_up: tried.given_up,
        })
        .collect();
    if let Some(at) = exchange.timings.attempt_at {
        let until = exchange.timings.answered.filter(|answered| *answered >= at);
        let has_answer = exchange.status != 0 && exchange.reason.is_none() || until.is_some();
        all.push(AttemptEntry {
            endpoint: exchange.endpoint.as_ref().map(|endpoint| endpoint.address()),
            lane: lane(exchange),
            start: at.since(began),
            duration: until.unwrap_or(began + total).since(at),
            status: (has_answer && exchange.status != 0).then_some(exchange.status),
            error: exchange.reason,
            given_up: None,
        });
    }
    all
}
