//! The arithmetic against the promise: never more than the burst plus the rate times the time.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// One key and its time, as a table keeps it.
struct Key {
    gcra: Gcra,
    paid: Tick,
}

impl Key {
    fn new(count: u64, per_s: u64, burst: u64) -> Self {
        let rate = Rate { count, per: Duration::from_secs(per_s) };
        let gcra = Gcra::new(rate, burst);
        Self { gcra, paid: gcra.tick(Moment::from_nanos(1_000_000_000)) }
    }

    fn request(&mut self, at_nanos: u64) -> Decision {
        let now = self.gcra.tick(Moment::from_nanos(at_nanos));
        let decision = self.gcra.decide(self.gcra.debt(self.paid, now));
        if decision.is_allowed {
            self.paid = now.after(decision.debt());
        }
        decision
    }
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_burst_passes_at_once_and_then_the_rate() {
    let mut key = Key::new(10, 1, 3);
    let decisions: Vec<_> = (0..4).map(|_| key.request(SECOND)).collect();
    let remaining: Vec<_> = decisions.iter().map(|d| key.gcra.remaining(*d)).collect();
    assert_eq!(remaining, [2, 1, 0, 0]);
    assert!(!decisions[3].is_allowed);
    assert_eq!(key.gcra.retry_seconds(decisions[3]), 1);
    assert!(!key.request(SECOND + SECOND / 10 - 1_000_000).is_allowed);
    assert!(key.request(SECOND + SECOND / 10).is_allowed);
    assert!(!key.request(SECOND + SECOND / 10).is_allowed);
}

#[test]
fn waiting_pays_everything_back_and_no_more() {
    let mut key = Key::new(2, 60, 2);
    assert!(key.request(SECOND).is_allowed);
    let second = key.request(SECOND);
    assert_eq!(key.gcra.reset_seconds(second), 60);
    let refused = key.request(SECOND);
    assert_eq!(key.gcra.retry_seconds(refused), 30);
    let passed = (0..5).filter(|_| key.request(100_000 * SECOND).is_allowed).count();
    assert_eq!(passed, 2, "credit does not pile up");
}

#[test]
fn a_clock_that_reads_a_little_early_hands_out_nothing() {
    let mut key = Key::new(1_000, 1, 5);
    assert_eq!((0..9).filter(|_| key.request(5 * SECOND).is_allowed).count(), 5);
    assert!(!key.request(4 * SECOND).is_allowed);
}

#[test]
fn a_time_from_before_the_last_wrap_is_no_debt() {
    let mut key = Key::new(1, 1, 1);
    assert!(key.request(SECOND).is_allowed);
    // Half the circle later the old time reads as far ahead.
    assert!(key.request((1 << 31) * SECOND + 3 * SECOND).is_allowed);
}

proptest! {
    #[test]
    fn no_window_holds_more_than_burst_plus_rate(
        count in 1_u64..5_000,
        per_s in prop::sample::select(vec![1_u64, 60, 3_600, 86_400]),
        burst in 1_u64..50,
        gaps in prop::collection::vec(0_u64..4, 1..200),
    ) {
        // Gaps in quarters of an interval, so that limits are really met.
        let quarter = per_s * SECOND / count / 4;
        let mut key = Key::new(count, per_s, burst);
        let mut at = SECOND;
        let mut passed = Vec::new();
        for gap in gaps {
            at += gap * quarter + gap % 2;
            if key.request(at).is_allowed {
                passed.push(at);
            }
        }
        for (first, from) in passed.iter().enumerate() {
            for (last, to) in passed.iter().enumerate().skip(first) {
                let number = (last - first + 1) as u128;
                // In ticks, with one of grace for reading the clock.
                let earned = u128::from(to - from) * u128::from(count) * u128::from(TICKS)
                    / (u128::from(per_s) * u128::from(SECOND));
                let allowed = u128::from(burst) * u128::from(TICKS) + earned + 1;
                prop_assert!(number * u128::from(TICKS) <= allowed);
            }
        }
    }

    #[test]
    fn a_caller_who_keeps_to_the_rate_is_never_refused(
        count in 1_u64..5_000,
        per_s in prop::sample::select(vec![1_u64, 60, 3_600, 86_400]),
        start in 0_u64..10_000_000_000,
    ) {
        let mut key = Key::new(count, per_s, 1);
        for request in 0..100_u128 {
            // Rounded up, and a 256th of an interval for reading the clock.
            let period = u128::from(per_s * SECOND);
            let offset = (request * period).div_ceil(u128::from(count));
            let grace = request * period / u128::from(count) / u128::from(TICKS) + request;
            let at = SECOND + start + u64::try_from(offset + grace).unwrap();
            prop_assert!(key.request(at).is_allowed, "request {request}");
        }
    }

    #[test]
    fn what_is_promised_for_later_is_kept(
        count in 1_u64..100, per_s in 1_u64..100, burst in 1_u64..10, extra in 0_u64..20,
    ) {
        let mut key = Key::new(count, per_s, burst);
        for _ in 0..burst + extra {
            key.request(SECOND);
        }
        let refused = key.request(SECOND);
        prop_assert!(!refused.is_allowed);
        let retry = key.gcra.retry_seconds(refused);
        prop_assert!(retry >= 1);
        prop_assert!(key.request(SECOND + retry * SECOND).is_allowed);
    }
}
