//! Slow start: a new or returning endpoint takes its full share step by step.
//!
//! Not for the endpoints that an upstream begins with: somebody must take the traffic, and what
//! they would share out slowly among themselves is the same as what they share out at once.

use std::time::Duration;

use architrave_core::Moment;

/// Where a slow start begins, so that there is something to warm up on, in percent.
const FLOOR_PERCENT: u32 = 10;
/// Weights move in steps of this size, in percent: each step lays out a new view.
const STEP_PERCENT: u32 = 5;

/// Where one endpoint stands on its way to full weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlowStart {
    /// It has arrived, or never had to start slowly.
    Arrived,
    /// It is out of service; the start begins when it is back.
    Away,
    /// It came into service at this moment.
    Since(Moment),
}

impl SlowStart {
    /// Takes in whether the endpoint is available now, and says its share in percent, 10 to 100.
    pub(crate) fn percent(&mut self, available: bool, length: Duration, now: Moment) -> u32 {
        *self = match *self {
            _ if !available => Self::Away,
            Self::Away => Self::Since(now),
            Self::Since(began) if now.since(began) >= length => Self::Arrived,
            unchanged => unchanged,
        };
        match *self {
            Self::Since(began) if !length.is_zero() => {
                let passed = now.since(began).as_nanos() * 100 / length.as_nanos();
                let percent = u32::try_from(passed).unwrap_or(100).min(100);
                (percent / STEP_PERCENT * STEP_PERCENT).max(FLOOR_PERCENT)
            }
            // Away is asked only in a panic, when everybody is wanted in full.
            Self::Since(_) | Self::Arrived | Self::Away => 100,
        }
    }

    /// Notes that the endpoint goes out of service, for however short a time.
    pub(crate) const fn leave(&mut self) {
        *self = Self::Away;
    }

    /// Whether the share still grows.
    pub(crate) const fn is_under_way(self) -> bool {
        matches!(self, Self::Since(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn the_share_grows_by_steps_from_a_tenth_to_all() {
        let mut start = SlowStart::Away;
        let length = Duration::from_secs(100);
        let cases =
            [(7, 10), (8, 10), (17, 10), (22, 15), (26, 15), (57, 50), (106, 95), (107, 100)];
        for (second, percent) in cases {
            assert_eq!(start.percent(true, length, at(second)), percent, "at {second} s");
        }
        assert!(!start.is_under_way());
    }

    #[test]
    fn going_away_starts_it_anew() {
        let mut start = SlowStart::Arrived;
        let length = Duration::from_secs(10);
        assert_eq!(start.percent(true, length, at(1)), 100);
        start.percent(false, length, at(2));
        assert_eq!(start.percent(true, length, at(3)), 10);
        assert!(start.is_under_way());
    }

    #[test]
    fn a_length_of_zero_turns_it_off() {
        let mut start = SlowStart::Away;
        assert_eq!(start.percent(true, Duration::ZERO, at(1)), 100);
    }
}
