//! Which endpoint is next: persistence, hash, and whom this exchange has tried already.

use std::net::SocketAddr;

use architrave_balance::{Criteria, Reserved, Unavailable, hash_key};
use architrave_config::{BalanceAlgorithm, HashOn, Persistence};
use architrave_core::Moment;
use smallvec::SmallVec;

use crate::assembly::LiveUpstream;
use crate::exchange::Exchange;
use crate::persistence;
use crate::route::{cookie, query_parameter};
use crate::worker::Worker;

/// The choices made for one exchange.
#[derive(Debug, Default)]
pub(super) struct Choice {
    tried: SmallVec<[SocketAddr; 2]>,
    pinned: Option<SocketAddr>,
}

impl Choice {
    /// Chooses the endpoint for the next attempt.
    ///
    /// # Errors
    /// [`Unavailable`]; nothing has been chosen then, and the next call is as this one.
    pub(super) fn next(
        &mut self,
        worker: &Worker,
        exchange: &Exchange<'_>,
        upstream: &LiveUpstream,
        now: Moment,
    ) -> Result<Reserved, Unavailable> {
        if self.tried.is_empty() && upstream.config.persistence.is_some() {
            self.pinned =
                persistence::pinned(exchange, upstream, worker.cookie_seal(), worker.wall());
        }
        let hash = hash_of(worker, exchange, upstream);
        let criteria = Criteria { hash, pinned: self.pinned, tried: &self.tried };
        let chosen =
            worker.with_random(|random| upstream.balance.reserve(&criteria, now, random))?;
        self.tried.push(chosen.endpoint().address());
        Ok(chosen)
    }

    /// Whether an endpoint is available that this exchange has not tried.
    pub(super) fn has_other(&self, upstream: &LiveUpstream) -> bool {
        upstream.balance.has_other(&self.tried)
    }

    /// The cookie for a client that must come back to another endpoint than it said.
    pub(super) fn set_cookie(
        &self,
        worker: &Worker,
        upstream: &LiveUpstream,
        endpoint: SocketAddr,
        is_tls: bool,
    ) -> Option<String> {
        match upstream.config.persistence {
            Some(Persistence::Cookie { .. }) if self.pinned != Some(endpoint) => {
                let (seal, now) = (worker.cookie_seal(), worker.wall());
                persistence::set_cookie(upstream, seal, endpoint, is_tls, now)
            }
            _ => None,
        }
    }
}

fn hash_of(worker: &Worker, exchange: &Exchange<'_>, upstream: &LiveUpstream) -> u64 {
    let is_hashed =
        matches!(upstream.config.balance, BalanceAlgorithm::RingHash | BalanceAlgorithm::Maglev);
    if !is_hashed {
        return 0;
    }
    let head = &*exchange.head;
    let hash = match &upstream.config.hash_on {
        HashOn::SourceAddress => Some(persistence::hash_address(exchange.client.ip())),
        HashOn::Header(name) => head.fields.get(name).map(hash_key),
        HashOn::Cookie(name) => cookie(head, name).map(|value| hash_key(value.as_bytes())),
        HashOn::Query(name) => head
            .query()
            .and_then(|query| query_parameter(query, name))
            .map(|value| hash_key(value.as_bytes())),
        HashOn::Path => Some(hash_key(exchange.path.as_bytes())),
    };
    // Where there is nothing to hash, requests are spread, not heaped.
    hash.unwrap_or_else(|| worker.with_random(|random| random.u64(..)))
}
