//! Whether a server that has missed a deadline is left out where others are asked beside it: all
//! clients together wait for it once, and one look in the background finds it again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Moment;

/// How long a server is left out before it is looked at: long enough that a client which lists
/// often is not slow often, short enough that nobody takes its tools for gone.
const LEFT_OUT: Duration = Duration::from_secs(30);

/// Whether a server is left out.
#[derive(Debug, Default)]
pub(crate) struct Absence {
    /// When it is to be looked at; zero for one that is there.
    look_at: AtomicU64,
}

impl Absence {
    /// Whether it is left out.
    pub(crate) fn is_left_out(&self) -> bool {
        self.look_at.load(Ordering::Relaxed) != 0
    }

    /// Whether whoever asks this is the one to look at it, for which `limit` is the time: of all
    /// that ask, one is told so, and the next one when that look has found nothing.
    pub(crate) fn is_to_look(&self, now: Moment, limit: Duration) -> bool {
        let look_at = self.look_at.load(Ordering::Relaxed);
        let next = (now + LEFT_OUT + limit).as_nanos();
        look_at != 0
            && look_at <= now.as_nanos()
            && self
                .look_at
                .compare_exchange(look_at, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// It has missed a deadline; whether it is left out from here on and was not before.
    pub(crate) fn note_missed(&self, now: Moment) -> bool {
        self.look_at.swap((now + LEFT_OUT).as_nanos(), Ordering::Relaxed) == 0
    }

    /// It has answered in time; whether it was left out until now.
    pub(crate) fn note_answered(&self) -> bool {
        self.is_left_out() && self.look_at.swap(0, Ordering::Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use architrave_core::Clock;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn one_that_missed_a_deadline_is_looked_at_by_one_after_a_while() {
        let clock = Clock::manual();
        let absence = Absence::default();
        assert!(!absence.is_left_out() && !absence.is_to_look(clock.now(), LIMIT));
        assert!(absence.note_missed(clock.now()));
        assert!(!absence.note_missed(clock.now()), "it is no news");
        assert!(absence.is_left_out() && !absence.is_to_look(clock.now(), LIMIT));
        clock.advance(LEFT_OUT);
        assert!(absence.is_to_look(clock.now(), LIMIT));
        assert!(!absence.is_to_look(clock.now(), LIMIT), "one is enough");
        // Who looked was never heard of again.
        clock.advance(LEFT_OUT + LIMIT);
        assert!(absence.is_left_out() && absence.is_to_look(clock.now(), LIMIT));
        assert!(absence.note_answered() && !absence.note_answered());
        assert!(!absence.is_left_out() && !absence.is_to_look(clock.now(), LIMIT));
    }
}
