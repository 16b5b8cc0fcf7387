//! The load of one attempt on its endpoint: counted from the pick to the finish, and never
//! forgotten, because it is given back when the guard is dropped, however the attempt ends.

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

/// Room for one attempt at an endpoint, which everybody's picks see at once. Dropping it gives it
/// back.
#[derive(Debug)]
pub struct Reserved {
    endpoint: Arc<Endpoint>,
}

impl Reserved {
    /// Reserves room; `None` where the endpoint has `limit` attempts in flight.
    #[inline]
    pub(crate) fn within(endpoint: Arc<Endpoint>, limit: u32) -> Option<Self> {
        if limit == u32::MAX {
            return Some(Self::unbounded(endpoint));
        }
        let take = |in_flight| (in_flight < limit).then_some(in_flight + 1);
        endpoint.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        endpoint.cohort.in_flight.fetch_add(1, Ordering::Relaxed);
        Some(Self { endpoint })
    }

    #[inline]
    pub(crate) fn unbounded(endpoint: Arc<Endpoint>) -> Self {
        endpoint.in_flight.fetch_add(1, Ordering::Relaxed);
        endpoint.cohort.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { endpoint }
    }

    /// Where there is room.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// Begins the attempt.
    #[must_use]
    #[inline]
    pub fn begin(self, now: Moment) -> Load {
        self.endpoint.requests.fetch_add(1, Ordering::Relaxed);
        Load { reserved: self, began: now, answered: false }
    }
}

impl Drop for Reserved {
    #[inline]
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.endpoint.cohort.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One attempt in flight. Dropping it without [`Load::finish`] says that it was cancelled.
#[derive(Debug)]
pub struct Load {
    reserved: Reserved,
    began: Moment,
    answered: bool,
}

impl Load {
    /// The endpoint it weighs on.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.reserved.endpoint
    }

    /// Says that the endpoint has begun to answer as it should: for HTTP, that the head of a good
    /// response is there; for a relay, that it is connected.
    ///
    /// That is what latency means. Without this call the time to [`Load::finish`] counts, which
    /// for a long body, a stream or a tunnel says nothing about how quick the endpoint is.
    pub fn answered(&mut self, now: Moment) {
        if !self.answered {
            self.answered = true;
            let endpoint = &self.reserved.endpoint;
            endpoint.latency.answered(now.since(self.began), now);
            endpoint.streak.end();
        }
    }

    /// Ends the attempt when the endpoint is done with it, and says what turned by it, for the
    /// log.
    #[inline]
    pub fn finish(mut self, outcome: Outcome, now: Moment) -> Option<Transition> {
        let elapsed = now.since(self.began);
        match outcome {
            Outcome::Success => {
                self.answered(now);
                None
            }
            Outcome::Failure => self.endpoint().failed(elapsed, now),
            Outcome::Neutral => {
                if !self.answered {
                    self.endpoint().latency.abandoned(elapsed, now);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use architrave_config::BalanceAlgorithm::P2cEwma;

    use super::*;
    use crate::testing::{SECOND, Stage, upstream};

    #[test]
    fn a_long_stream_does_not_make_an_endpoint_slow() {
        let stage = Stage::new(upstream(P2cEwma, &[1, 1]));
        let mut load = stage.begin(0);
        load.answered(stage.now + SECOND / 100);
        assert_eq!(stage.endpoint(0).in_flight(), 1, "its load lasts as long as the stream");
        let end = stage.now + 3600 * SECOND;
        load.finish(Outcome::Success, end);
        let mut abandoned = stage.begin(0);
        abandoned.answered(stage.now + SECOND / 100);
        abandoned.finish(Outcome::Neutral, end);
        assert_eq!(stage.endpoint(0).status(end).latency, Some(SECOND / 100));
    }

    #[test]
    fn a_cancelled_attempt_leaves_no_load_behind() {
        let stage = Stage::new(upstream(P2cEwma, &[1, 1]));
        drop(stage.begin(0));
        let status = stage.endpoint(0).status(stage.now);
        assert_eq!((status.in_flight, status.requests, status.failures), (0, 1, 0));
        assert_eq!(stage.upstream.in_flight(), 0);
    }

    #[test]
    fn what_nobody_waited_for_counts_as_slow_but_not_as_failed() {
        let stage = Stage::new(upstream(P2cEwma, &[1, 1]));
        let end = stage.now + 5 * SECOND;
        stage.begin(0).finish(Outcome::Neutral, end);
        let status = stage.endpoint(0).status(end);
        assert_eq!((status.latency, status.failures), (Some(5 * SECOND), 0));
    }
}
