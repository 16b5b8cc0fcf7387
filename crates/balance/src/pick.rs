//! One pick: what is asked for, what is at hand to decide it, and whom it accepts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use architrave_core::Moment;

use crate::bar::Bar;
use crate::endpoint::Endpoint;

/// What a request asks of the endpoint it goes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Criteria<'a> {
    /// For `ring_hash` and `maglev`: equal hashes go to the same endpoint. From
    /// [`hash_key`](crate::hash_key), or random when there is nothing to hash.
    pub hash: u64,
    /// The endpoint this client stays with, as persistence remembers it.
    pub pinned: Option<SocketAddr>,
    /// Endpoints that have been tried for this request; avoided while there is another.
    pub tried: &'a [SocketAddr],
}

/// Why there is no endpoint to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Nobody is available.
    #[error("no endpoint is available")]
    NoneHealthy,
    /// Everybody who is available has as many requests in flight as the limit allows.
    #[error("every available endpoint is at its limit of requests")]
    AtLimit,
}

/// Everything an algorithm may look at.
pub(crate) struct Pick<'a> {
    /// What the request's key hashes to.
    pub(crate) hash: u64,
    /// Endpoints to avoid.
    pub(crate) tried: &'a [SocketAddr],
    /// What an endpoint must clear.
    pub(crate) bar: Bar,
    /// Requests in flight that fill an endpoint.
    pub(crate) limit: u32,
    /// In flight over all endpoints.
    pub(crate) in_flight: u32,
    /// The weight of all candidates that are in service, at the priority that is asked.
    pub(crate) weight_in_service: u64,
    /// How far over the mean a hashed endpoint's load may be.
    pub(crate) hash_bound: f64,
    /// The present.
    pub(crate) now: Moment,
    /// Turns taken by all workers.
    pub(crate) cursor: &'a AtomicU64,
    /// Chance.
    pub(crate) random: &'a mut fastrand::Rng,
}

impl Pick<'_> {
    /// Whether `endpoint` may take this request.
    #[inline]
    pub(crate) fn accepts(&self, endpoint: &Endpoint) -> bool {
        endpoint.clears(self.bar)
            && endpoint.in_flight() < self.limit
            && !self.tried.contains(&endpoint.address())
    }

    /// Takes the next turn.
    #[inline]
    pub(crate) fn next_turn(&self) -> u64 {
        self.cursor.fetch_add(1, Ordering::Relaxed)
    }
}
