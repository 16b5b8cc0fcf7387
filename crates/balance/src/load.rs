//! The load of one attempt on its endpoint: counted from begin to finish, and never forgotten,
//! because it is given back when the guard is dropped, however the attempt ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use architrave_core::Moment;

use crate::endpoint::Endpoint;
use crate::status::Transition;

/// How an attempt ended, as far as it says something about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint answered as it should.
    Success,
    /// The endpoint failed: no connection, a reset, a timeout, or a status that says so.
    Failure,
    /// It says nothing about the endpoint: the client went away, or sent what cannot be served.
    Neutral,
}

/// One attempt in flight. Dropping it without [`Load::finish`] says that it was cancelled.
#[derive(Debug)]
pub struct Load {
    endpoint: Arc<Endpoint>,
    began: Moment,
}

impl Load {
    #[inline]
    pub(crate) fn begin(endpoint: Arc<Endpoint>, now: Moment) -> Self {
        endpoint.in_flight.fetch_add(1, Ordering::Relaxed);
        endpoint.cohort.in_flight.fetch_add(1, Ordering::Relaxed);
        endpoint.requests.fetch_add(1, Ordering::Relaxed);
        Self { endpoint, began: now }
    }

    /// The endpoint it weighs on.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// Ends the attempt, and says what turned by it, for the log: [`Load::answered`] and drop.
    #[inline]
    pub fn finish(self, outcome: Outcome, now: Moment) -> Option<Transition> {
        self.answered(outcome, now)
    }

    /// Says how the attempt came out as soon as that is known, once; the load stays until dropped,
    /// for the endpoint may still have a body to send. The time since [`Endpoint::begin`] is what
    /// the endpoint's latency learns.
    #[inline]
    pub fn answered(&self, outcome: Outcome, now: Moment) -> Option<Transition> {
        let elapsed = now.since(self.began);
        match outcome {
            Outcome::Success => {
                self.endpoint.latency.answered(elapsed, now);
                self.endpoint.streak.end();
                None
            }
            Outcome::Failure => self.endpoint.failed(elapsed, now),
            Outcome::Neutral => {
                self.endpoint.latency.abandoned(elapsed, now);
                None
            }
        }
    }
}

impl Drop for Load {
    #[inline]
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.endpoint.cohort.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
