//! Which eras a server has been found to speak: by how it answered, and for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Moment;
use architrave_mcp::revision::Era;

/// A server may be another one tomorrow, and is asked again.
const KNOWN_FOR: Duration = Duration::from_secs(10 * 60);

/// What is known of a server's eras. Shared by all workers: who writes last is right.
#[derive(Debug, Default)]
pub(crate) struct Eras {
    legacy: AtomicU64,
    modern: AtomicU64,
}

impl Eras {
    /// Whether it speaks an era, where that is known.
    pub(crate) fn speaks(&self, era: Era, now: Moment) -> Option<bool> {
        let known = self.of(era).load(Ordering::Relaxed);
        let since = Moment::from_nanos(known >> 1 << 1);
        (known != 0 && now.since(since) < KNOWN_FOR).then_some(known & 1 == 1)
    }

    /// Notes whether it does. The last bit of when says it.
    pub(crate) fn note(&self, era: Era, speaks: bool, now: Moment) {
        let said = (now.as_nanos().max(2) >> 1 << 1) | u64::from(speaks);
        self.of(era).store(said, Ordering::Relaxed);
    }

    fn of(&self, era: Era) -> &AtomicU64 {
        match era {
            Era::Legacy => &self.legacy,
            Era::Modern => &self.modern,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_an_era_is_known_for_a_while() {
        let (eras, now) = (Eras::default(), Moment::from_nanos(1_000_000_001));
        assert_eq!(eras.speaks(Era::Modern, now), None);
        eras.note(Era::Modern, false, now);
        eras.note(Era::Legacy, true, now);
        let later = now + KNOWN_FOR / 2;
        assert_eq!(eras.speaks(Era::Modern, later), Some(false));
        assert_eq!(eras.speaks(Era::Legacy, later), Some(true));
        assert_eq!(eras.speaks(Era::Legacy, now + KNOWN_FOR), None);
    }
}
