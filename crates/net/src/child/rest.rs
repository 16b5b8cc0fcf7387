//! How long a program is left alone that ends as soon as it is started. Pure: the time comes in.

use std::time::Duration;

use tokio::time::Instant;

/// One that lives as long has started well.
const STEADY: Duration = Duration::from_secs(10);

/// The first rest, which doubles with each further failure.
const FIRST: Duration = Duration::from_millis(100);

/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// What has become of the last starts of a program.
#[derive(Debug, Default)]
pub(super) struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    /// How long it still rests.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.until.filter(|until| *until > now).map(|until| until - now)
    }

    /// One could not be started, or ended by itself after it has lived so long.
    pub(super) fn failed(&mut self, lived: Duration, now: Instant) {
        if lived >= STEADY {
            self.failures = 0;
        }
        // The first end is an end as any other; it is the second in a row that tells.
        let rest = match self.failures {
            0 => Duration::ZERO,
            more => FIRST.saturating_mul(1 << (more - 1).min(16)).min(LONGEST),
        };
        self.until = Some(now + rest);
        self.failures = self.failures.saturating_add(1);
    }

    /// One was of use for as long as it was wanted.
    pub(super) fn served(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_again_and_again_rests_longer_and_longer() {
        let mut rest = Rest::default();
        let now = Instant::now();
        let mut rests = Vec::new();
        for _ in 0..12 {
            rest.failed(Duration::ZERO, now);
            rests.push(rest.left(now).map_or(0, |left| left.as_millis()));
        }
        assert_eq!(rests, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
        assert_eq!(rest.left(now + LONGEST), None);
        rest.failed(STEADY, now);
        assert_eq!(rest.left(now), None, "it had lived");
        rest.failed(Duration::ZERO, now);
        assert!(rest.left(now).is_some());
        rest.served();
        assert_eq!(rest.left(now), None);
        for _ in 0..100 {
            rest.failed(Duration::ZERO, now);
        }
        assert_eq!(rest.left(now), Some(LONGEST));
    }
}
