//! How high the bar is that an endpoint must clear to be picked, and what can hold it below.
//!
//! Not a judgement: what sets and lifts a hindrance is in `health` and `endpoint`. Kept as bits
//! in one atomic, so that a worker's pick sees an ejection or a drain the moment it happens.

use std::sync::atomic::{AtomicU8, Ordering};

/// What an endpoint must be free of to be picked. Each is lower than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// Of everything. The usual bar.
    Available,
    /// Of failing probes and of draining: an ejection, or that nobody has probed it yet, yields when
    /// nobody else is left.
    NotFailing,
    /// Only of draining: panic, when guessing who might answer beats refusing everyone.
    NotDraining,
}

impl Bar {
    const fn hindrances(self) -> u8 {
        match self {
            Self::Available => {
                Hindrances::DRAINING
                    | Hindrances::FAILING
                    | Hindrances::EJECTED
                    | Hindrances::UNPROBED
            }
            Self::NotFailing => Hindrances::DRAINING | Hindrances::FAILING,
            Self::NotDraining => Hindrances::DRAINING,
        }
    }
}

/// What keeps an endpoint from being picked right now; empty for one that is available.
#[derive(Debug, Default)]
pub(crate) struct Hindrances(AtomicU8);

impl Hindrances {
    pub(crate) const DRAINING: u8 = 1;
    pub(crate) const FAILING: u8 = 2;
    pub(crate) const EJECTED: u8 = 4;
    pub(crate) const UNPROBED: u8 = 8;

    /// Whether nothing is known of it yet.
    pub(crate) fn is_unprobed(&self) -> bool {
        self.0.load(Ordering::Relaxed) & Self::UNPROBED != 0
    }

    /// Whether none of them counts for `bar`.
    #[inline]
    pub(crate) fn clear(&self, bar: Bar) -> bool {
        self.0.load(Ordering::Relaxed) & bar.hindrances() == 0
    }

    /// Whether nothing says that it is down. One that is leaving, or that nobody has probed yet, may
    /// well be there for who has something there.
    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (Self::FAILING | Self::EJECTED) == 0
    }

    /// Replaces them all; only ever called with the endpoint's standing locked.
    pub(crate) fn set(&self, bits: u8) {
        self.0.store(bits, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_is_lower_than_the_one_before() {
        let cases = [
            (0, [true, true, true]),
            (Hindrances::EJECTED, [false, true, true]),
            (Hindrances::UNPROBED, [false, true, true]),
            (Hindrances::FAILING, [false, false, true]),
            (Hindrances::FAILING | Hindrances::EJECTED, [false, false, true]),
            (Hindrances::DRAINING, [false, false, false]),
        ];
        for (bits, clears) in cases {
            let hindrances = Hindrances::default();
            hindrances.set(bits);
            let bars = [Bar::Available, Bar::NotFailing, Bar::NotDraining];
            assert_eq!(bars.map(|bar| hindrances.clear(bar)), clears, "{bits:#05b}");
        }
    }
}
