//! A consumer's own bounds, over all routes: requests per time and requests in flight at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use architrave_config::ConsumerLimits;
use architrave_core::Reason;

use crate::rate_limit::{Limiter, RateLimiters, refuse};
use crate::verdict::Reply;
use crate::view::RequestView;

/// The bounds of one consumer.
#[derive(Debug)]
pub(crate) struct Limits {
    requests: Option<Arc<Limiter>>,
    parallel: Option<(Arc<AtomicU32>, u32)>,
}

/// A place among a consumer's requests in flight; given back when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct ParallelGuard(Arc<AtomicU32>);

impl Limits {
    /// The bounds, or `None` when there are none. `object` is `consumers/<name>`.
    pub(crate) fn new(
        config: &ConsumerLimits,
        object: &str,
        limiters: &RateLimiters,
    ) -> Option<Self> {
        let requests =
            config.requests.map(|rate| limiters.single(&format!("{object}/limits"), rate));
        let parallel = config.parallel_max.map(|max| (limiters.parallel(object), max));
        (requests.is_some() || parallel.is_some()).then_some(Self { requests, parallel })
    }

    /// Counts the request, or refuses it.
    pub(crate) fn admit(&self, view: &mut RequestView<'_>) -> Result<(), Reply> {
        // The place is taken before the request is counted, so that waiting for a place with
        // many tries does not use up the rate as well.
        if let Some((in_flight, max)) = &self.parallel {
            view.admission.parallel = Some(ParallelGuard::of(in_flight, *max)?);
        }
        let Some(requests) = &self.requests else { return Ok(()) };
        let decision = requests.charge(0, view.now);
        view.admission.note_rate(requests.report(decision));
        if decision.is_allowed {
            return Ok(());
        }
        view.admission.parallel = None;
        Err(refuse(requests, decision))
    }
}

#[cold]
fn too_many_at_once() -> Reply {
    Reply::refuse(Reason::RateLimited, "too many requests of this consumer are in flight")
        .with_field("retry-after", b"1")
}

impl ParallelGuard {
    /// A place among `max`.
    ///
    /// # Errors
    /// The answer where all are taken.
    pub(crate) fn of(in_flight: &Arc<AtomicU32>, max: u32) -> Result<Self, Reply> {
        Self::take(in_flight, max).ok_or_else(too_many_at_once)
    }

    /// Takes a place, unless `max` are taken.
    fn take(in_flight: &Arc<AtomicU32>, max: u32) -> Option<Self> {
        in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < max).then(|| taken + 1)
            })
            .ok()
            .map(|_| Self(Arc::clone(in_flight)))
    }
}

impl Drop for ParallelGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
