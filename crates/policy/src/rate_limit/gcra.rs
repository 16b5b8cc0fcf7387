//! The arithmetic of the generic cell rate algorithm, on time counted in parts of an interval.
//!
//! One number per key is enough: the moment at which all that it used is paid back. How far that
//! lies ahead is the key's debt; a request adds one interval, and passes while the debt stays
//! within the burst. Counting in 256ths of an interval keeps every rate exact, 3 a second too:
//! rounding happens once, in reading the clock, and never adds up.

use architrave_core::Moment;
use architrave_core::units::Rate;

/// Parts of an interval; a request may come this much of its interval early, once.
const TICKS: u64 = 256;

/// Bits of a time in ticks. It wraps around after 2³² intervals: 16 months at 100 a second.
pub(super) const TIME_BITS: u32 = 40;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// The largest burst: a quarter of what the time can express.
const BURST_MAX: u64 = 1 << 30;

/// How far apart the clocks of two workers may read, in seconds. Debts beyond the burst by more
/// than this are not debts but times from before the last wrap.
const SKEW_SECONDS_MAX: u64 = 10;

/// A rate and a burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gcra {
    rate: Rate,
    /// The debt that is allowed, in ticks.
    capacity: u64,
    /// The largest difference that is taken for a debt, in ticks.
    horizon: u64,
}

/// A moment in ticks, on a circle of 2⁴⁰.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick(u64);

/// What was decided about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether it passes.
    pub(crate) is_allowed: bool,
    /// What the key owes after it, in ticks.
    debt: u64,
}

impl Gcra {
    pub(super) fn new(rate: Rate, burst: u64) -> Self {
        let capacity = burst.clamp(1, BURST_MAX) * TICKS;
        let per_second = rate.count.saturating_mul(TICKS) / rate.per.as_secs().max(1);
        let slack = per_second.saturating_mul(SKEW_SECONDS_MAX).clamp(TICKS, TIME_MASK / 2);
        Self { rate, capacity, horizon: capacity + slack }
    }

    /// The moment on the circle.
    pub(super) fn tick(&self, now: Moment) -> Tick {
        let ticks = u128::from(now.as_nanos()) * u128::from(self.rate.count) * u128::from(TICKS);
        // Cutting off the high part is what a circle is.
        Tick((ticks / self.rate.per.as_nanos().max(1)) as u64 & TIME_MASK)
    }

    /// What is owed at `now` by a key that has paid everything back at `paid`.
    pub(super) fn debt(&self, paid: Tick, now: Tick) -> u64 {
        let ahead = paid.0.wrapping_sub(now.0) & TIME_MASK;
        if ahead <= self.horizon { ahead } else { 0 }
    }

    /// Whether a key with this debt may make one more request.
    pub(super) const fn decide(&self, debt: u64) -> Decision {
        if debt + TICKS <= self.capacity {
            Decision { is_allowed: true, debt: debt + TICKS }
        } else {
            Decision { is_allowed: false, debt }
        }
    }

    /// A debt as it can be told: what is beyond the burst would be taken for none.
    pub(super) fn capped(&self, debt: u64) -> u64 {
        debt.min(self.capacity)
    }

    /// Where a key with this debt stands without another request.
    pub(super) const fn standing(&self, debt: u64) -> Decision {
        Decision { is_allowed: debt + TICKS <= self.capacity, debt }
    }

    /// The configured rate.
    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// How many more requests may come at once after this one.
    pub(super) const fn remaining(&self, decision: Decision) -> u64 {
        self.capacity.saturating_sub(decision.debt) / TICKS
    }

    /// Whole seconds until everything is paid back, rounded up.
    pub(super) fn reset_seconds(&self, decision: Decision) -> u64 {
        self.seconds(decision.debt)
    }

    /// Whole seconds until one more request may come, rounded up; at least 1.
    pub(super) fn retry_seconds(&self, decision: Decision) -> u64 {
        self.seconds((decision.debt + TICKS).saturating_sub(self.capacity)).max(1)
    }

    fn seconds(&self, ticks: u64) -> u64 {
        let numerator = u128::from(ticks) * u128::from(self.rate.per.as_secs().max(1));
        let seconds = numerator.div_ceil(u128::from(self.rate.count.max(1)) * u128::from(TICKS));
        u64::try_from(seconds).unwrap_or(u64::MAX)
    }
}

impl Tick {
    /// From the low bits of a word.
    pub(super) const fn from_low_bits(word: u64) -> Self {
        Self(word & TIME_MASK)
    }

    /// As the low bits of a word.
    pub(super) const fn low_bits(self) -> u64 {
        self.0
    }

    /// How many ticks it is after `earlier`; none when it is before it.
    pub(super) const fn since(self, earlier: Self) -> u64 {
        let ahead = self.0.wrapping_sub(earlier.0) & TIME_MASK;
        if ahead <= TIME_MASK / 2 { ahead } else { 0 }
    }

    /// So many ticks later.
    pub(super) const fn after(self, ticks: u64) -> Self {
        Self(self.0.wrapping_add(ticks) & TIME_MASK)
    }
}

impl Decision {
    /// What the key owes, in ticks.
    pub(super) const fn debt(self) -> u64 {
        self.debt
    }
}

#[cfg(test)]
mod tests;
