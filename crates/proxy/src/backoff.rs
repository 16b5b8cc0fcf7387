//! The pause before an endpoint that has failed is tried again.

use std::time::Duration;

/// The longest pause, as a multiple of the first.
const MULTIPLE_MAX: u32 = 10;

/// The longest of all, whatever is written: a client waits meanwhile.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long is waited before the retry of this number, the first being 0: `first`, twice as much
/// each time, and of that at least half, so that those who failed together do not come together.
#[must_use]
pub(crate) fn backoff(first: Duration, retries: u32, random: &mut fastrand::Rng) -> Duration {
    let multiple = 1_u32.checked_shl(retries).map_or(MULTIPLE_MAX, |by| by.min(MULTIPLE_MAX));
    first.saturating_mul(multiple).min(PAUSE_MAX).mul_f64(0.5 + random.f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut random = fastrand::Rng::with_seed(7);
        let first = Duration::from_millis(20);
        for (retries, most) in [(0, 20), (1, 40), (2, 80), (3, 160), (4, 200), (9, 200), (40, 200)]
        {
            let pauses: Vec<_> = (0..200).map(|_| backoff(first, retries, &mut random)).collect();
            let (least, most) = (Duration::from_millis(most / 2), Duration::from_millis(most));
            assert!(pauses.iter().all(|pause| (least..=most).contains(pause)), "{retries}");
            assert!(pauses.iter().any(|pause| *pause < least.mul_f64(1.2)), "{retries}");
            assert!(pauses.iter().any(|pause| *pause > most.mul_f64(0.9)), "{retries}");
        }
        assert_eq!(backoff(Duration::ZERO, 3, &mut random), Duration::ZERO);
        assert!(backoff(Duration::from_secs(3600), 3, &mut random) <= PAUSE_MAX);
    }
}
