//! Attempts that were given up, as the record of the exchange tells them. One that is passed on is
//! told by the exchange itself: whoever needs one attempt pays for no list.

use std::net::SocketAddr;
use std::time::Duration;

use architrave_core::{Moment, Reason};
use architrave_telemetry::AttemptEntry;

use crate::exchange::Exchange;
use crate::failure::Failure;

/// So many are kept, the latest in any case; with the one that is passed on there are eight.
const KEPT_MAX: usize = 7;

/// Why an attempt is given up that another one beside it has outrun.
pub(crate) const SLOWER: &str = "slower";

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
    /// Why another is made, where one is.
    pub why: Option<&'static str>,
}

impl Given {
    /// Given up for another one.
    pub(crate) fn because(why: &'static str) -> Self {
        Self { why: Some(why), ..Self::default() }
    }

    /// Given up with a failure.
    pub(crate) fn failed(failure: Option<&Failure>) -> Self {
        Self { error: failure.map(|failure| failure.reason), ..Self::default() }
    }
}

/// Notes that the attempt which is under way is given up. Where none is, the last one has ended
/// already, and it may be told now why another is made.
pub(crate) fn give_up(exchange: &mut Exchange<'_>, now: Moment, given: Given) {
    let Some(began) = exchange.timings.attempt_at.take() else {
        if let Some(why) = given.why {
            followed(exchange, why);
        }
        return;
    };
    let endpoint = exchange.endpoint.as_ref().map(|endpoint| endpoint.address());
    note(exchange, (endpoint, began), now, given);
}

/// Notes why another attempt is made after the last one that was given up, unless that is known.
pub(crate) fn followed(exchange: &mut Exchange<'_>, why: &'static str) {
    if let Some(last) = exchange.tried.last_mut() {
        last.given_up.get_or_insert(why);
    }
}

/// Notes an attempt that was given up beside the one that is under way.
pub(crate) fn note(
    exchange: &mut Exchange<'_>,
    (endpoint, began): (Option<SocketAddr>, Moment),
    ended: Moment,
    given: Given,
) {
    let lane = lane(exchange);
    let Given { status, error, why: given_up } = given;
    let took = ended.since(began);
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
    put_in_order(&mut all);
    all
}

/// In the order in which they began. Of two side by side either may have been noted first, and
/// nobody was tried after the last one, though that was not known when it was noted.
fn put_in_order(all: &mut [AttemptEntry]) {
    all.sort_by_key(|attempt| attempt.start);
    if let Some(last) = all.last_mut()
        && last.given_up != Some(SLOWER)
    {
        last.given_up = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_told_as_they_began_and_the_last_one_says_nothing_of_another() {
        let told = |all: &[(u64, Option<&'static str>)]| {
            let mut all: Vec<_> = all
                .iter()
                .map(|&(start, given_up)| AttemptEntry {
                    endpoint: None,
                    lane: None,
                    start: Duration::from_millis(start),
                    duration: Duration::ZERO,
                    status: None,
                    error: None,
                    given_up,
                })
                .collect();
            put_in_order(&mut all);
            let told = all.iter().map(|one| (one.start.as_millis(), one.given_up));
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&[(5, Some(SLOWER)), (0, None)]), [(0, None), (5, Some(SLOWER))]);
        assert_eq!(told(&[(5, Some("failed")), (0, None)]), [(0, None), (5, None)]);
        let failed = Some("failed");
        assert_eq!(told(&[(0, failed), (5, failed)]), [(0, failed), (5, None)]);
        assert!(told(&[]).is_empty());
    }
}
