//! The limits of one deployment, as they are used up: requests and tokens per time by the generic
//! cell rate algorithm, and requests in flight. Reserved before, settled after, never locked.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use architrave_config::DeploymentLimits;
use architrave_core::Moment;
use architrave_core::units::Rate;

use super::hindrance::Hindrance;
use super::load::Size;

/// What one deployment of one model has used of its limits. It outlives reloads, and so do its
/// debts when the limits change.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    requests: Bucket,
    tokens: Bucket,
    in_flight: AtomicU32,
}

/// When everything that was used is paid back, in nanoseconds of the clock.
#[derive(Debug, Default)]
struct Bucket(AtomicU64);

/// Why there is no leave, and when there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) hindrance: Hindrance,
    pub(crate) until: Option<Moment>,
}

impl Allowance {
    /// Whether [`Allowance::take`] would be refused now.
    #[inline]
    pub(crate) fn short(
        &self,
        limits: &DeploymentLimits,
        size: Size,
        now: Moment,
    ) -> Option<Short> {
        if self.in_flight.load(Ordering::Relaxed) >= limits.parallel_max.unwrap_or(u32::MAX) {
            return Some(Short { hindrance: Hindrance::Full, until: None });
        }
        let requests = limits.requests.and_then(|rate| self.requests.wait(rate, 1, now));
        let tokens = limits.tokens.and_then(|rate| self.tokens.wait(rate, reserved(size), now));
        let until = requests.max(tokens)?;
        Some(Short { hindrance: Hindrance::AtLimit, until: Some(until) })
    }

    /// Takes a request of this size in, or leaves everything as it was.
    pub(crate) fn take(
        &self,
        limits: &DeploymentLimits,
        size: Size,
        now: Moment,
    ) -> Result<(), Short> {
        let most = limits.parallel_max.unwrap_or(u32::MAX);
        let room = |in_flight: u32| (in_flight < most).then(|| in_flight + 1);
        self.in_flight
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .map_err(|_| Short { hindrance: Hindrance::Full, until: None })?;
        self.take_rates(limits, size, now).map_err(|until| {
            self.release();
            Short { hindrance: Hindrance::AtLimit, until: Some(until) }
        })
    }

    fn take_rates(&self, limits: &DeploymentLimits, size: Size, now: Moment) -> Result<(), Moment> {
        if let Some(rate) = limits.requests {
            self.requests.take(rate, 1, now)?;
        }
        let Some(rate) = limits.tokens else { return Ok(()) };
        self.tokens.take(rate, reserved(size), now).inspect_err(|_| {
            if let Some(rate) = limits.requests {
                self.requests.give_back(rate, 1);
            }
        })
    }

    /// Puts the tokens that were used in the place of those that were reserved.
    pub(crate) fn settle(&self, limits: &DeploymentLimits, size: Size, used: u64) {
        if let Some(rate) = limits.tokens {
            match reserved(size).checked_sub(used) {
                Some(unused) => self.tokens.give_back(rate, unused),
                None => self.tokens.add(rate, used - reserved(size)),
            }
        }
    }

    /// When the requests and the tokens that were used are paid back.
    pub(crate) fn paid(&self) -> [Moment; 2] {
        [&self.requests, &self.tokens].map(Bucket::paid)
    }

    /// What another process has used, each as the time that it takes to pay it back.
    pub(crate) fn charge(&self, used: [Debt; 2], now: Moment) {
        self.requests.charge(used[0], now);
        self.tokens.charge(used[1], now);
    }

    /// Ends a request in flight.
    pub(crate) fn release(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What was used in a while, as the time in nanoseconds that it takes to pay it back; below zero
/// where more was given back than used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Debt(pub(crate) i64);

impl Debt {
    /// What was used since `then`, when all was to be paid back at `before`.
    pub(crate) fn since((before, then): (Moment, Moment), paid: Moment, now: Moment) -> Self {
        let signed = |moment: Moment| i64::try_from(moment.as_nanos()).unwrap_or(i64::MAX);
        // Nothing was owed in between, or all of it is owed still: the smaller one is true.
        let added = signed(paid) - signed(before.max(then));
        Self(added.min(signed(paid).saturating_sub(signed(now)).max(0)))
    }
}

/// The tokens that a request may come to.
const fn reserved(size: Size) -> u64 {
    size.prompt + size.output_max
}

impl Bucket {
    /// Until when this much has to wait; `None` when there is room.
    ///
    /// A whole period's worth may come at once. What is larger than that may come when nothing is
    /// owed, and is paid back before anything else: it would never fit otherwise.
    #[inline]
    fn wait(&self, rate: Rate, count: u64, now: Moment) -> Option<Moment> {
        let paid = Moment::from_nanos(self.0.load(Ordering::Relaxed));
        missing(paid, rate, count, now).err()
    }

    fn take(&self, rate: Rate, count: u64, now: Moment) -> Result<(), Moment> {
        let mut refused = now;
        let next = |paid| match missing(Moment::from_nanos(paid), rate, count, now) {
            Ok(paid) => Some(paid.as_nanos()),
            Err(until) => {
                refused = until;
                None
            }
        };
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(|_| ()).map_err(|_| refused)
    }

    fn paid(&self) -> Moment {
        Moment::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn charge(&self, Debt(nanos): Debt, now: Moment) {
        let charged = |paid: u64| Some(paid.max(now.as_nanos()).saturating_add_signed(nanos));
        if nanos != 0 {
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, charged);
        }
    }

    fn give_back(&self, rate: Rate, count: u64) {
        let cost = cost(rate, count);
        let less = |paid: u64| Some(paid.saturating_sub(cost));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn add(&self, rate: Rate, count: u64) {
        let cost = cost(rate, count);
        let more = |paid: u64| Some(paid.saturating_add(cost));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

/// When all is paid back if this much is taken now; the error is from when on it may be.
fn missing(paid: Moment, rate: Rate, count: u64, now: Moment) -> Result<Moment, Moment> {
    let owed_from = paid.max(now);
    let after = owed_from.as_nanos().saturating_add(cost(rate, count));
    let most = (now + rate.per).as_nanos();
    let until = Moment::from_nanos(now.as_nanos().saturating_add(after.saturating_sub(most)));
    // Nothing owed is as good as it gets.
    if after <= most || owed_from == now {
        Ok(Moment::from_nanos(after))
    } else {
        Err(until.min(paid))
    }
}

/// How long it takes to pay this much back, in nanoseconds.
fn cost(rate: Rate, count: u64) -> u64 {
    let nanos = u128::from(count) * rate.per.as_nanos() / u128::from(rate.count.max(1));
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(1_000_000_000) + Duration::from_secs(seconds)
    }

    fn per_minute(count: u64) -> Option<Rate> {
        Some(Rate { count, per: Duration::from_secs(60) })
    }

    fn size(tokens: u64) -> Size {
        Size { prompt: tokens / 2, output: 1, output_max: tokens - tokens / 2 }
    }

    fn taken(allowance: &Allowance, limits: &DeploymentLimits, tokens: u64, now: Moment) -> usize {
        std::iter::from_fn(|| allowance.take(limits, size(tokens), now).ok()).take(1000).count()
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_by_one() {
        let limits = DeploymentLimits { requests: per_minute(30), ..Default::default() };
        let allowance = Allowance::default();
        assert_eq!(taken(&allowance, &limits, 1, at(0)), 30);
        let short = allowance.short(&limits, size(1), at(0)).expect("all is used");
        assert_eq!(short, Short { hindrance: Hindrance::AtLimit, until: Some(at(2)) });
        assert_eq!(taken(&allowance, &limits, 1, at(1)), 0);
        assert_eq!(taken(&allowance, &limits, 1, at(2)), 1);
        assert_eq!(taken(&allowance, &limits, 1, at(3600)), 30);
    }

    #[test]
    fn tokens_are_reserved_and_the_unused_come_back() {
        let limits = DeploymentLimits { tokens: per_minute(1000), ..Default::default() };
        let allowance = Allowance::default();
        assert_eq!(taken(&allowance, &limits, 400, at(0)), 2);
        allowance.settle(&limits, size(400), 100);
        assert_eq!(taken(&allowance, &limits, 400, at(0)), 1);
        allowance.settle(&limits, size(400), 600);
        assert_eq!(taken(&allowance, &limits, 1, at(0)), 0, "1,100 were used");
        assert_eq!(taken(&allowance, &limits, 100, at(12)), 1);
    }

    #[test]
    fn a_request_that_tokens_stop_uses_up_no_request() {
        let limits = DeploymentLimits {
            requests: per_minute(2),
            tokens: per_minute(1000),
            parallel_max: Some(5),
        };
        let allowance = Allowance::default();
        assert_eq!(taken(&allowance, &limits, 600, at(0)), 1);
        assert_eq!(taken(&allowance, &limits, 600, at(0)), 0);
        assert_eq!(taken(&allowance, &limits, 400, at(0)), 1);
        assert_eq!(allowance.in_flight.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_is_larger_than_the_limit_passes_when_nothing_is_owed() {
        let limits = DeploymentLimits { tokens: per_minute(1000), ..Default::default() };
        let allowance = Allowance::default();
        assert_eq!(taken(&allowance, &limits, 3000, at(0)), 1);
        let short = allowance.short(&limits, size(1), at(0)).expect("3,000 are owed");
        assert_eq!(short.until.map(|until| until.since(at(0)).as_secs()), Some(120));
        assert_eq!(taken(&allowance, &limits, 3000, at(179)), 0);
        assert_eq!(taken(&allowance, &limits, 3000, at(180)), 1);
    }

    #[test]
    fn no_more_are_in_flight_than_may_be() {
        let limits = DeploymentLimits { parallel_max: Some(3), ..Default::default() };
        let allowance = Allowance::default();
        assert_eq!(taken(&allowance, &limits, 1, at(0)), 3);
        let short = allowance.short(&limits, size(1), at(0)).map(|short| short.hindrance);
        assert_eq!(short, Some(Hindrance::Full));
        allowance.release();
        assert_eq!(taken(&allowance, &limits, 1, at(0)), 1);
    }

    #[test]
    fn threads_that_take_at_once_take_no_more_than_there_is() {
        let limits = DeploymentLimits { requests: per_minute(1000), ..Default::default() };
        let allowance = Allowance::default();
        let all: usize = std::thread::scope(|scope| {
            let one = || taken(&allowance, &limits, 1, at(0));
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().expect("a thread counts")).sum()
        });
        assert_eq!(all, 1000);
    }
}
