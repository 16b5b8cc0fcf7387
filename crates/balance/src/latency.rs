//! The latency of one endpoint as a peak-sensitive moving average, kept by all workers at once.
//!
//! Two plain atomics and no lock: when two answers come in at the very same time, one of them
//! may be lost to the average, which changes no decision.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Moment;

/// What weight is left to the past after this long: 1/e.
const DECAY: Duration = Duration::from_secs(10);
/// A failure counts as an answer this many times slower than usual...
const FAILURE_FACTOR: f64 = 10.0;
/// ...but never less than this, in nanoseconds: a second.
const FAILURE_FLOOR: f64 = 1e9;
/// ...nor more than this, in nanoseconds: a minute. It bounds how long the past can weigh.
const FAILURE_CEILING: f64 = 60e9;

/// The moving average.
///
/// A slow answer counts at once and in full (the peak); quick ones win the average back over
/// [`DECAY`]. What is not heard of is forgotten at the same pace, so that an endpoint that was
/// slow is tried again instead of being starved for ever.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    /// Nanoseconds, as the bits of an `f64`; zero before the first answer.
    average: AtomicU64,
    /// When it was taken, in nanoseconds of the clock.
    taken_at: AtomicU64,
}

impl Latency {
    /// Takes in an answer that took `elapsed`.
    pub(crate) fn answered(&self, elapsed: Duration, now: Moment) {
        let elapsed = nanos(elapsed);
        let (average, weight_of_past) = self.read(now);
        if elapsed > average * weight_of_past {
            self.write(elapsed, now);
        } else {
            self.write(blend(average, elapsed, weight_of_past), now);
        }
    }

    /// Takes in a failure, as an answer much slower than usual. It does not count as a peak: a
    /// failure in a hundred must cost an endpoint a little of its share, not all of it.
    pub(crate) fn failed(&self, elapsed: Duration, now: Moment) {
        let (average, weight_of_past) = self.read(now);
        let felt = (average * FAILURE_FACTOR).clamp(FAILURE_FLOOR, FAILURE_CEILING);
        let felt = felt.max(nanos(elapsed));
        self.write(blend(average, felt, weight_of_past), now);
    }

    /// Takes in that nobody waited for the answer, which would have taken at least `elapsed`.
    pub(crate) fn abandoned(&self, elapsed: Duration, now: Moment) {
        let (average, weight_of_past) = self.read(now);
        if nanos(elapsed) > average * weight_of_past {
            self.write(nanos(elapsed), now);
        }
    }

    /// The average in nanoseconds as it weighs now; `None` before the first answer.
    #[inline]
    pub(crate) fn nanos(&self, now: Moment) -> Option<f64> {
        let (average, weight_of_past) = self.read(now);
        (average > 0.0).then_some(average * weight_of_past)
    }

    /// The average as it was at the last answer, for people to look at.
    pub(crate) fn at_last_answer(&self) -> Option<Duration> {
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        (average > 0.0).then(|| Duration::from_secs_f64(average / 1e9))
    }

    /// The average as the bits of an `f64`, and when it was taken in nanoseconds of the clock.
    pub(crate) fn known(&self) -> (u64, u64) {
        (self.average.load(Ordering::Relaxed), self.taken_at.load(Ordering::Relaxed))
    }

    /// Goes on from what another process knew; nothing where that is no average.
    pub(crate) fn recover(&self, (average, taken_at): (u64, u64)) {
        if f64::from_bits(average) > 0.0 && f64::from_bits(average).is_finite() {
            self.write(f64::from_bits(average), Moment::from_nanos(taken_at));
        }
    }

    /// The last average and the weight that is left to it, 0 to 1.
    #[inline]
    fn read(&self, now: Moment) -> (f64, f64) {
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        let taken_at = Moment::from_nanos(self.taken_at.load(Ordering::Relaxed));
        (average, (-nanos(now.since(taken_at)) / nanos(DECAY)).exp())
    }

    fn write(&self, average: f64, now: Moment) {
        self.average.store(average.max(1.0).to_bits(), Ordering::Relaxed);
        self.taken_at.store(now.as_nanos(), Ordering::Relaxed);
    }
}

fn blend(past: f64, present: f64, weight_of_past: f64) -> f64 {
    past * weight_of_past + present * (1.0 - weight_of_past)
}

#[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days; nothing here lasts so long")]
fn nanos(span: Duration) -> f64 {
    span.as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at(millis: u32) -> Moment {
        Moment::from_nanos(1_000_000_000) + MS * millis
    }

    fn millis(latency: &Latency, now: Moment) -> f64 {
        latency.nanos(now).expect("an answer has come in") / 1e6
    }

    #[test]
    fn nothing_is_known_before_the_first_answer() {
        assert_eq!(Latency::default().nanos(at(0)), None);
    }

    #[test]
    fn a_slow_answer_counts_at_once_and_a_quick_one_over_time() {
        let latency = Latency::default();
        latency.answered(10 * MS, at(0));
        latency.answered(500 * MS, at(100));
        assert!((millis(&latency, at(100)) - 500.0).abs() < 1.0);
        latency.answered(10 * MS, at(200));
        assert!(millis(&latency, at(200)) > 450.0);
        for step in 0..1000 {
            latency.answered(10 * MS, at(200 + step * 100));
        }
        assert!((millis(&latency, at(100_200)) - 10.0).abs() < 1.0);
    }

    #[test]
    fn a_slow_past_fades_without_any_answer() {
        let latency = Latency::default();
        latency.answered(1000 * MS, at(0));
        assert!(millis(&latency, at(10_000)) < 400.0);
        assert!(millis(&latency, at(60_000)) < 5.0);
    }

    #[test]
    fn failing_at_once_looks_slower_than_answering_slowly() {
        let (failing, slow) = (Latency::default(), Latency::default());
        for step in 0..100 {
            failing.failed(MS / 10, at(step * 100));
            slow.answered(100 * MS, at(step * 100));
        }
        assert!(millis(&failing, at(10_000)) > 5.0 * millis(&slow, at(10_000)));
    }

    #[test]
    fn a_failure_in_a_hundred_is_felt_and_forgiven() {
        let latency = Latency::default();
        for step in 0..10_000 {
            let now = at(step * 10);
            if step % 100 == 99 { latency.failed(MS, now) } else { latency.answered(10 * MS, now) }
        }
        let felt = millis(&latency, at(100_000));
        assert!((11.0..40.0).contains(&felt), "{felt} ms");
    }

    #[test]
    fn however_many_failures_the_past_fades_within_minutes() {
        let latency = Latency::default();
        for step in 0..10_000 {
            latency.failed(MS, at(step * 100));
        }
        let end = 1_000_000;
        assert!(millis(&latency, at(end)) <= 60_000.0);
        assert!(millis(&latency, at(end + 120_000)) < 1.0);
    }

    #[test]
    fn an_abandoned_request_counts_only_when_it_waited_longer_than_usual() {
        let latency = Latency::default();
        latency.answered(10 * MS, at(0));
        latency.abandoned(5 * MS, at(0));
        assert!((millis(&latency, at(0)) - 10.0).abs() < 0.1);
        latency.abandoned(900 * MS, at(0));
        assert!((millis(&latency, at(0)) - 900.0).abs() < 0.1);
    }
}
