//! Which endpoint takes a connection or flow: by the same algorithms, health and limits as
//! requests, with what there is to know of a client where no HTTP is spoken: its address.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use architrave_balance::{Criteria, Reserved, Unavailable};
use architrave_config::{BalanceAlgorithm, HashOn, Persistence};

use crate::assembly::LiveUpstream;
use crate::backoff::backoff;
use crate::failure::{Failure, Retry};
use crate::persistence::hash_address;
use crate::worker::Worker;

/// How many endpoints are remembered as tried: more than there can be attempts for a connection,
/// and enough for a flow that outlives one endpoint after the other.
const TRIED_MAX: usize = 16;

/// The choices made for one connection or flow.
#[derive(Debug)]
pub(super) struct Choice {
    hash: u64,
    pinned: Option<SocketAddr>,
    tried: Vec<SocketAddr>,
}

impl Choice {
    /// Begins to choose for a client.
    pub(super) fn new(worker: &Worker, upstream: &LiveUpstream, client: IpAddr) -> Self {
        let config = &upstream.config;
        let is_hashed =
            matches!(config.balance, BalanceAlgorithm::RingHash | BalanceAlgorithm::Maglev);
        let hash = match config.hash_on {
            _ if !is_hashed => 0,
            HashOn::SourceAddress => hash_address(client),
            // Where there is nothing to hash, connections are spread, not heaped.
            _ => worker.with_random(|random| random.u64(..)),
        };
        let pinned = match config.persistence {
            Some(Persistence::SourceAddress) => {
                upstream.balance.affine_endpoint(hash_address(client))
            }
            // Cookies and headers are HTTP's.
            _ => None,
        };
        Self { hash, pinned, tried: Vec::new() }
    }

    /// Chooses the endpoint for the next attempt: another one each time, while there is another.
    ///
    /// # Errors
    /// [`Unavailable`]; nothing has been chosen then, and the next call is as this one.
    pub(super) fn next(
        &mut self,
        worker: &Worker,
        upstream: &LiveUpstream,
    ) -> Result<Reserved, Unavailable> {
        let criteria = Criteria { hash: self.hash, pinned: self.pinned, tried: &self.tried };
        let now = worker.now();
        let chosen =
            worker.with_random(|random| upstream.balance.reserve(&criteria, now, random))?;
        if self.tried.len() == TRIED_MAX {
            self.tried.remove(0);
        }
        self.tried.push(chosen.endpoint().address());
        Ok(chosen)
    }

    /// How long is waited before the next attempt: another endpoint is tried at once.
    pub(super) fn pause(&self, worker: &Worker, upstream: &LiveUpstream) -> Duration {
        if upstream.balance.has_other(&self.tried) {
            return Duration::ZERO;
        }
        let retries = u32::try_from(self.tried.len()).unwrap_or(u32::MAX).saturating_sub(1);
        worker.with_random(|random| backoff(upstream.config.retry.backoff, retries, random))
    }

    /// Whether a failure is one after which another attempt may be made, and how many there may
    /// be is not used up.
    pub(super) fn may_go_on(&self, upstream: &LiveUpstream, failure: &Failure) -> bool {
        let retry = &upstream.config.retry;
        failure.retry == Retry::Unsent
            && retry.on_connect_failure
            && self.tried.len() <= retry.attempts as usize
    }
}
