//! The retry budget: a bound on retries as a share of what is in flight, so that retries cannot
//! turn a struggling upstream into a dead one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::cohort::Cohort;

/// Retries that are always allowed: with little in flight, a share of it would be none.
const RETRIES_MIN: u64 = 3;

/// The bound of one upstream; counted over all workers, and across reloads.
#[derive(Debug)]
pub struct RetryBudget {
    cohort: Arc<Cohort>,
    percent: u8,
}

impl RetryBudget {
    pub(crate) fn new(cohort: Arc<Cohort>, percent: u8) -> Self {
        Self { cohort, percent }
    }

    /// Asks to retry; keep the permit until the retry has ended. `None`: the budget is spent.
    #[must_use]
    pub fn try_withdraw(&self) -> Option<RetryPermit> {
        let in_flight = u64::from(self.cohort.in_flight.load(Ordering::Relaxed));
        let allowed = (in_flight * u64::from(self.percent) / 100).max(RETRIES_MIN);
        self.cohort
            .retries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |retries| {
                (u64::from(retries) < allowed).then_some(retries + 1)
            })
            .ok()
            .map(|_| RetryPermit { cohort: Arc::clone(&self.cohort) })
    }

    /// Retries in flight.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.cohort.retries.load(Ordering::Relaxed)
    }
}

/// Leave to retry once; dropping it gives it back.
#[derive(Debug)]
pub struct RetryPermit {
    cohort: Arc<Cohort>,
}

impl Drop for RetryPermit {
    fn drop(&mut self) {
        self.cohort.retries.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(in_flight: u32, percent: u8, expected: usize) {
        let cohort = Arc::new(Cohort::new(architrave_config::Health::default()));
        cohort.in_flight.store(in_flight, Ordering::Relaxed);
        let budget = RetryBudget::new(Arc::clone(&cohort), percent);
        let permits: Vec<_> = std::iter::from_fn(|| budget.try_withdraw()).collect();
        assert_eq!(permits.len(), expected, "{percent}% of {in_flight}");
        drop(permits);
        assert_eq!(budget.in_use(), 0);
        assert!(budget.try_withdraw().is_some());
    }

    #[test]
    fn a_share_of_what_is_in_flight_may_be_retries() {
        check(100, 20, 20);
        check(101, 50, 50);
    }

    #[test]
    fn three_are_always_allowed() {
        check(0, 20, 3);
        check(10, 20, 3);
        check(1000, 0, 3);
    }
}
