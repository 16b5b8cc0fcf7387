//! Passive health: what failures in a row lead to. Whether others are left to serve is the
//! census's question; this machine knows only its own endpoint.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use architrave_core::Moment;

/// Ejections grow up to this many times the configured length.
const STEPS_MAX: u32 = 10;

/// The state machine of one endpoint's ejections.
///
/// Each ejection is one step longer than the last; each full `eject_for` of service since the
/// last one takes a step back, so an old sin is forgotten in minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ejection {
    out: bool,
    /// When the current or last ejection ends or ended.
    until: Moment,
    steps: u32,
}

impl Ejection {
    /// As another process left it.
    pub(crate) fn recovered(out: bool, until: Moment, steps: u32) -> Self {
        Self { out, until, steps: steps.min(STEPS_MAX) }
    }

    /// When the current or last ejection ends or ended, and how many followed each other.
    pub(crate) const fn course(self) -> (Moment, u32) {
        (self.until, self.steps)
    }

    pub(crate) const fn is_ejected(self) -> bool {
        self.out
    }

    /// When it may come back; `None` while it is in.
    pub(crate) fn until(self) -> Option<Moment> {
        self.out.then_some(self.until)
    }

    /// Ejects, and says for how long.
    pub(crate) fn eject(&mut self, eject_for: Duration, now: Moment) -> Duration {
        let steps_back = match eject_for.as_nanos() {
            0 => u128::MAX,
            length => now.since(self.until).as_nanos() / length,
        };
        let remembered = self.steps.saturating_sub(u32::try_from(steps_back).unwrap_or(u32::MAX));
        self.steps = (remembered + 1).min(STEPS_MAX);
        let length = eject_for.saturating_mul(self.steps);
        self.out = true;
        self.until = now + length;
        length
    }

    /// Ends an ejection that has lasted long enough; says whether it did.
    pub(crate) fn end_if_due(&mut self, now: Moment) -> bool {
        let due = self.out && self.until <= now;
        if due {
            self.out = false;
        }
        due
    }

    /// Ends an ejection early, as an operator may.
    pub(crate) fn end(&mut self) {
        self.out = false;
    }
}

/// Failures in a row, counted by all workers without a lock.
#[derive(Debug, Default)]
pub(crate) struct FailureStreak(AtomicU32);

impl FailureStreak {
    /// Breaks the streak. Reads first: in good times this must not write to a shared line.
    #[inline]
    pub(crate) fn end(&self) {
        if self.0.load(Ordering::Relaxed) != 0 {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// Adds a failure; says how many it is in a row.
    pub(crate) fn add(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Goes on where another process was.
    pub(crate) fn recover(&self, length: u32) {
        self.0.store(length, Ordering::Relaxed);
    }

    pub(crate) fn length(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EJECT_FOR: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    /// Ejects at each of `moments` (seconds) and expects these lengths (seconds).
    fn check(moments: &[u64], expected: &[u64]) {
        let mut ejection = Ejection::default();
        let lengths: Vec<u64> = moments
            .iter()
            .map(|&moment| {
                ejection.end_if_due(at(moment));
                assert!(!ejection.is_ejected(), "still out at {moment}");
                ejection.eject(EJECT_FOR, at(moment)).as_secs()
            })
            .collect();
        assert_eq!(lengths, expected, "{moments:?}");
    }

    #[test]
    fn an_ejection_ends_when_its_time_is_over_and_not_before() {
        let mut ejection = Ejection::default();
        assert!(!ejection.end_if_due(at(5)));
        ejection.eject(EJECT_FOR, at(10));
        assert_eq!(ejection.until(), Some(at(40)));
        assert!(!ejection.end_if_due(at(39)));
        assert!(ejection.is_ejected());
        assert!(ejection.end_if_due(at(40)));
        assert_eq!(ejection.until(), None);
    }

    #[test]
    fn ejections_that_follow_each_other_grow() {
        check(&[10, 40, 100, 190], &[30, 60, 90, 120]);
    }

    #[test]
    fn growth_stops_at_ten_times() {
        let mut ejection = Ejection::default();
        let mut now = at(10);
        for step in 1..=20 {
            let length = ejection.eject(EJECT_FOR, now);
            assert_eq!(length, EJECT_FOR * step.min(10));
            now = now + length;
            assert!(ejection.end_if_due(now));
        }
    }

    #[test]
    fn good_time_takes_steps_back() {
        // Out 10..40 and 40..100. Then 29 s of service: third step; 30 s: second; 60 s: first.
        check(&[10, 40, 129], &[30, 60, 90]);
        check(&[10, 40, 130], &[30, 60, 60]);
        check(&[10, 40, 160], &[30, 60, 30]);
        check(&[10, 40, 100_000], &[30, 60, 30]);
    }

    #[test]
    fn a_success_breaks_the_streak() {
        let streak = FailureStreak::default();
        assert_eq!([streak.add(), streak.add()], [1, 2]);
        streak.end();
        assert_eq!(streak.length(), 0);
        assert_eq!(streak.add(), 1);
    }
}
