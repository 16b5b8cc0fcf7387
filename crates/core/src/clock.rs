//! Time as the gateway sees it: a monotonic [`Moment`] and a [`Clock`] that can be real or driven.
//!
//! Everything that decides by time takes a `Moment` or a `Clock`, so that the very same code
//! runs in tests and in simulation. Nothing else in the workspace asks the system for the time.

use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// A point in monotonic time, in nanoseconds since the clock's own start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The start of the clock.
    pub const ZERO: Self = Self(0);

    /// The moment `nanos` nanoseconds after the start of the clock.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start of the clock.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Where moments come from. Cheap to clone; clones of a manual clock share their time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { start: Instant, at_start: u64 },
    Manual { nanos: Arc<AtomicU64>, wall: Option<SystemTime> },
}

impl Clock {
    /// The real clock, starting at one second so that `Moment::ZERO` is always in the past.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    pub fn system() -> Self {
        Self(Source::System { start: Instant::now(), at_start: Self::HEAD_START })
    }

    /// The real clock, going on from `moment`: that of a process which this one goes on from, so
    /// that its moments mean the same here.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    pub fn system_from(moment: Moment) -> Self {
        let at_start = moment.as_nanos().max(Self::HEAD_START);
        Self(Source::System { start: Instant::now(), at_start })
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual() -> Self {
        Self(Source::Manual { nanos: Arc::new(AtomicU64::new(Self::HEAD_START)), wall: None })
    }

    /// A manual clock whose wall-clock time is `wall` until [`Clock::advance`] moves both.
    #[must_use]
    pub fn manual_at(wall: SystemTime) -> Self {
        let nanos = Arc::new(AtomicU64::new(Self::HEAD_START));
        Self(Source::Manual { nanos, wall: Some(wall) })
    }

    const HEAD_START: u64 = 1_000_000_000;

    /// The current moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::System { start, at_start } => {
                let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                Moment(nanos.saturating_add(*at_start))
            }
            Source::Manual { nanos, .. } => Moment(nanos.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock forward; a system clock moves by itself and ignores this.
    pub fn advance(&self, span: Duration) {
        if let Source::Manual { nanos, .. } = &self.0 {
            nanos.fetch_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX), Ordering::AcqRel);
        }
    }

    /// The wall-clock time, for logs and signed expiry only; never for measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn wall(&self) -> SystemTime {
        match &self.0 {
            Source::Manual { nanos, wall: Some(wall) } => {
                let run = nanos.load(Ordering::Acquire).saturating_sub(Self::HEAD_START);
                *wall + Duration::from_nanos(run)
            }
            Source::Manual { wall: None, .. } | Source::System { .. } => SystemTime::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_clock_goes_on_from_another_and_never_before_its_own_start() {
        let moment = Moment::from_nanos(7_000_000_000_000);
        let clock = Clock::system_from(moment);
        assert!(clock.now() >= moment && clock.now().since(moment) < Duration::from_secs(60));
        assert!(Clock::system_from(Moment::ZERO).now() > Moment::ZERO);
    }

    #[test]
    fn a_manual_clock_moves_its_wall_as_well_and_only_when_it_is_told() {
        let clock = Clock::manual_at(UNIX_EPOCH);
        assert_eq!(clock.clone().wall(), UNIX_EPOCH);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.wall(), UNIX_EPOCH + Duration::from_secs(90));
    }
}
