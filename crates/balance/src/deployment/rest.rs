//! A rest: for how long somebody who said "not now" is left alone, growing while the answer
//! stays the same, and ended by a trickle instead of a flood.
//!
//! Four atomics and no lock. Whatever interleaving of workers there is, a rest is at worst a
//! step shorter or longer than it might have been.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::{Moment, Parcel, ParcelReader};

use crate::hash::avalanche;

/// Where growth ends, whatever the rule: 2^16 times the first length.
const STEPS_MAX: u32 = 17;

/// How long rests of one kind are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RestRule {
    /// The first one.
    pub(crate) first: Duration,
    /// The longest that growing leads to.
    pub(crate) longest: Duration,
    /// The longest that is believed when the other side says how long.
    pub(crate) told_max: Duration,
    /// After a rest, requests go there one per this long until one of them succeeds: everybody
    /// at once would bring about the next refusal. As long as it takes to know.
    pub(crate) trial_gap: Duration,
}

/// What keeps requests away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It rests until this moment.
    Resting(Moment),
    /// The rest is over, and a request is finding out whether that helped.
    OnTrial,
}

/// The rest of a lane, a credential or a provider.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// Nanoseconds of the clock.
    until: AtomicU64,
    /// When the last refusal came, in nanoseconds of the clock.
    since: AtomicU64,
    /// Rests in a row, without a success between them; zero is in good standing.
    steps: AtomicU32,
    /// When the last trial began, in nanoseconds of the clock.
    tried_at: AtomicU64,
}

impl Rest {
    /// What keeps requests away now.
    #[inline]
    pub(crate) fn hold(&self, rule: &RestRule, now: Moment) -> Option<Hold> {
        if self.steps.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let until = self.until();
        if until > now {
            return Some(Hold::Resting(until));
        }
        let tried_at = Moment::from_nanos(self.tried_at.load(Ordering::Relaxed));
        (tried_at >= until && now.since(tried_at) < rule.trial_gap).then_some(Hold::OnTrial)
    }

    /// When it is over; in the past when nobody rests.
    pub(crate) fn until(&self) -> Moment {
        Moment::from_nanos(self.until.load(Ordering::Relaxed))
    }

    /// Rests in a row.
    pub(crate) fn steps(&self) -> u32 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Takes in that a request goes there; it is a trial when the last rest is not forgotten.
    #[inline]
    pub(crate) fn begun(&self, now: Moment) {
        if self.steps.load(Ordering::Relaxed) != 0 {
            self.tried_at.store(now.as_nanos(), Ordering::Relaxed);
        }
    }

    /// Begins a rest because of a request that began at `began`; says how long it is from now.
    /// `told` is what the other side asked for.
    ///
    /// Many requests that were under way together are all refused together: they tell the same
    /// thing, and it counts once. Only a refusal of what began after the last rest is a new step.
    pub(crate) fn begin(
        &self,
        rule: &RestRule,
        told: Option<Duration>,
        began: Moment,
        now: Moment,
    ) -> Duration {
        let is_news = began >= self.until() || self.steps() == 0;
        let steps = self.steps().saturating_add(u32::from(is_news)).clamp(1, STEPS_MAX);
        self.since.store(now.as_nanos(), Ordering::Relaxed);
        self.steps.store(steps, Ordering::Relaxed);
        let length = match told.filter(|told| !told.is_zero()) {
            Some(told) => told.min(rule.told_max),
            None => jittered((rule.first * (1 << (steps - 1))).min(rule.longest), now),
        };
        let until = self.until.fetch_max((now + length).as_nanos(), Ordering::Relaxed);
        Moment::from_nanos(until.max((now + length).as_nanos())).since(now)
    }

    /// Takes in a success of a request that began at `began`, which ends the rest, also one that
    /// is under way. What began before the last refusal says nothing about what follows it.
    #[inline]
    pub(crate) fn succeeded(&self, began: Moment) {
        // Reads first: in good times this must not write to a shared line.
        if self.steps() != 0 && began.as_nanos() >= self.since.load(Ordering::Relaxed) {
            self.end();
        }
    }

    /// Puts it into a parcel.
    pub(crate) fn pack(&self, parcel: &mut Parcel) {
        parcel.u64(self.until.load(Ordering::Relaxed));
        parcel.u64(self.since.load(Ordering::Relaxed));
        parcel.u32(self.steps());
        parcel.u64(self.tried_at.load(Ordering::Relaxed));
    }

    /// Goes on from what another process left, unless what is known here is newer.
    pub(crate) fn unpack(&self, parcel: &mut ParcelReader<'_>) -> Option<()> {
        let (until, since) = (parcel.u64()?, parcel.u64()?);
        let (steps, tried_at) = (parcel.u32()?, parcel.u64()?);
        if steps > 0 && since > self.since.load(Ordering::Relaxed) {
            self.since.store(since, Ordering::Relaxed);
            self.steps.store(steps.min(STEPS_MAX), Ordering::Relaxed);
            self.tried_at.store(tried_at, Ordering::Relaxed);
            self.until.store(until, Ordering::Relaxed);
        }
        Some(())
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.until.store(0, Ordering::Relaxed);
        self.steps.store(0, Ordering::Relaxed);
    }
}

/// Three quarters to five quarters of `length`, so that gateways that were refused together do
/// not come back together. The moment stands in for chance: no two gateways share their clock.
fn jittered(length: Duration, now: Moment) -> Duration {
    let chance = u32::try_from(avalanche(now.as_nanos()) >> 48).unwrap_or_default();
    length * 3 / 4 + length / 2 * chance / 65_536
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: RestRule = RestRule {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(30),
        told_max: Duration::from_secs(300),
        trial_gap: Duration::from_secs(1),
    };

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(1_000_000_000) + Duration::from_millis(millis)
    }

    #[test]
    fn nobody_rests_to_begin_with() {
        assert_eq!(Rest::default().hold(&RULE, at(0)), None);
    }

    #[test]
    fn what_the_other_side_says_is_kept_to_the_bound() {
        for (told, expected) in [(7, 7), (300, 300), (86_400, 300)] {
            let rest = Rest::default();
            let told = Some(Duration::from_secs(told));
            assert_eq!(rest.begin(&RULE, told, at(0), at(0)).as_secs(), expected);
            assert_eq!(
                rest.hold(&RULE, at(expected * 1000 - 1)),
                Some(Hold::Resting(at(expected * 1000)))
            );
            assert_eq!(rest.hold(&RULE, at(expected * 1000)), None, "the first trial may go");
        }
    }

    #[test]
    fn rests_that_follow_each_other_grow_to_the_bound() {
        let rest = Rest::default();
        let mut now = at(0);
        for nominal in [1, 2, 4, 8, 16, 30, 30] {
            let length = rest.begin(&RULE, None, now, now).as_secs_f64();
            let nominal = f64::from(nominal);
            assert!((nominal * 0.75..=nominal * 1.25).contains(&length), "{length} of {nominal}");
            now = rest.until();
        }
    }

    #[test]
    fn only_what_began_after_the_refusal_ends_a_rest() {
        let rest = Rest::default();
        rest.begin(&RULE, None, at(0), at(500));
        rest.succeeded(at(499));
        assert!(rest.hold(&RULE, at(600)).is_some());
        rest.succeeded(at(500));
        assert_eq!(rest.hold(&RULE, at(600)), None);
        let length = rest.begin(&RULE, None, at(501), at(700));
        assert!(length <= Duration::from_millis(1250), "the row is broken: {length:?}");
    }

    #[test]
    fn those_refused_together_count_once() {
        let rest = Rest::default();
        for request in 0..100 {
            rest.begin(&RULE, None, at(0), at(10 + request));
        }
        assert_eq!(rest.steps(), 1);
        assert!(rest.until() <= at(10 + 99 + 1250), "{:?}", rest.until());
    }

    #[test]
    fn a_rest_is_followed_by_a_trickle_until_a_success() {
        let rest = Rest::default();
        rest.begin(&RULE, Some(Duration::from_secs(2)), at(0), at(0));
        assert_eq!(rest.hold(&RULE, at(2000)), None);
        rest.begun(at(2000));
        assert_eq!(rest.hold(&RULE, at(2001)), Some(Hold::OnTrial));
        assert_eq!(rest.hold(&RULE, at(3000)), None, "the next trial");
        rest.begun(at(3000));
        rest.succeeded(at(2000));
        assert_eq!(rest.hold(&RULE, at(3001)), None);
        assert_eq!(rest.steps(), 0);
    }
}
