//! What a provider says is left to a credential at a model, from the headers of its answers.
//!
//! An estimate that steers, never a verdict: headers are seconds old, come in any order, and say
//! nothing of the requests that are under way. Plain atomics; a reader who sees half of an update
//! is a little off for one choice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::{Moment, Parcel, ParcelReader};

use super::load::{Size, Waiting};

/// Until when a quota without a reset counts.
const RESET_ASSUMED: Duration = Duration::from_secs(60);
/// From this share of the limit downwards a lane gets less than its weight.
const AMPLE: f64 = 0.2;
/// The least that is left of its weight by that.
const WEIGHT_LEFT_MIN: f64 = 0.05;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaKind {
    /// Requests.
    Requests,
    /// Tokens, of prompts and answers together.
    Tokens,
    /// Tokens of prompts.
    InputTokens,
    /// Tokens of answers.
    OutputTokens,
}

impl QuotaKind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Requests, Self::Tokens, Self::InputTokens, Self::OutputTokens];

    /// What of a number of requests, tokens read and tokens written counts.
    const fn of(self, requests: u64, input: u64, output: u64) -> u64 {
        match self {
            Self::Requests => requests,
            Self::Tokens => input.saturating_add(output),
            Self::InputTokens => input,
            Self::OutputTokens => output,
        }
    }
}

/// One quota as an answer's headers tell it. What they say in other words (-1 for "not known",
/// times of the calendar) is understood before it comes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaSeen {
    /// What is counted.
    pub kind: QuotaKind,
    /// How much there is when nothing is used; `None` when not told.
    pub limit: Option<u64>,
    /// How much is left.
    pub remaining: u64,
    /// In how long all of it is there again; `None` when not told.
    pub reset_after: Option<Duration>,
}

/// What is left of one quota, for people to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLeft {
    /// What is counted.
    pub kind: QuotaKind,
    /// How much is left.
    pub left: u64,
    /// Of how much, if that is known.
    pub limit: Option<u64>,
    /// In how long all of it is there again.
    pub resets_in: Duration,
}

/// Everything that is known of one lane's quotas.
#[derive(Debug, Default)]
pub(crate) struct Quota([Meter; 4]);

/// One kind of quota. Moments in nanoseconds of the clock; a reset of zero is nothing known.
#[derive(Debug, Default)]
struct Meter {
    limit: AtomicU64,
    remaining: AtomicU64,
    seen_at: AtomicU64,
    reset_at: AtomicU64,
}

impl Quota {
    /// Takes in what the headers of an answer say.
    pub(crate) fn see(&self, seen: &QuotaSeen, now: Moment) {
        let meter = &self.0[seen.kind as usize];
        let reset_at = now + seen.reset_after.unwrap_or(RESET_ASSUMED);
        meter.limit.store(seen.limit.unwrap_or(0), Ordering::Relaxed);
        meter.remaining.store(seen.remaining, Ordering::Relaxed);
        meter.seen_at.store(now.as_nanos(), Ordering::Relaxed);
        meter.reset_at.store(reset_at.as_nanos(), Ordering::Relaxed);
    }

    /// Whether a request of this size fits into what is left beside what is under way.
    #[inline]
    pub(crate) fn has_room(&self, size: Size, waiting: Waiting, now: Moment) -> bool {
        QuotaKind::ALL.into_iter().all(|kind| {
            let Some((left, limit)) = self.left(kind, waiting, now) else { return true };
            let needed = kind.of(1, size.prompt, size.output_max);
            // What is larger than the whole limit will never fit better than now.
            left >= limit.map_or(needed, |limit| needed.min(limit))
        })
    }

    /// What part of its weight a lane keeps: all of it while a fifth of every quota is left, then
    /// less and less, so that it comes to its end slowly.
    #[inline]
    pub(crate) fn weight_left(&self, waiting: Waiting, now: Moment) -> f64 {
        let shares = QuotaKind::ALL.into_iter().filter_map(|kind| {
            let (left, limit) = self.left(kind, waiting, now)?;
            Some(left as f64 / limit? as f64)
        });
        let share = shares.fold(1.0, f64::min);
        if share >= AMPLE { 1.0 } else { (share / AMPLE).max(WEIGHT_LEFT_MIN) }
    }

    /// What is left now, by kind.
    pub(crate) fn report(&self, now: Moment) -> Vec<QuotaLeft> {
        let kinds = QuotaKind::ALL.into_iter().filter_map(|kind| {
            let (left, limit) = self.left(kind, Waiting::default(), now)?;
            let reset_at = self.0[kind as usize].reset_at.load(Ordering::Relaxed);
            let resets_in = Moment::from_nanos(reset_at).since(now);
            Some(QuotaLeft { kind, left, limit, resets_in })
        });
        kinds.collect()
    }

    /// Puts it into a parcel.
    pub(crate) fn pack(&self, parcel: &mut Parcel) {
        for meter in &self.0 {
            for number in [&meter.limit, &meter.remaining, &meter.seen_at, &meter.reset_at] {
                parcel.u64(number.load(Ordering::Relaxed));
            }
        }
    }

    /// Goes on from what another process knew, unless what is known here is newer.
    pub(crate) fn unpack(&self, parcel: &mut ParcelReader<'_>) -> Option<()> {
        for meter in &self.0 {
            let (limit, remaining) = (parcel.u64()?, parcel.u64()?);
            let (seen_at, reset_at) = (parcel.u64()?, parcel.u64()?);
            // The share that is there again is a part of the way from one to the other.
            if seen_at > meter.seen_at.load(Ordering::Relaxed) && reset_at > seen_at {
                meter.limit.store(limit, Ordering::Relaxed);
                meter.remaining.store(remaining, Ordering::Relaxed);
                meter.seen_at.store(seen_at, Ordering::Relaxed);
                meter.reset_at.store(reset_at, Ordering::Relaxed);
            }
        }
        Some(())
    }

    /// What is left of a quota, beside what is under way, and its limit when that is known.
    ///
    /// Where the limit is known, it fills up evenly until its reset, as the buckets of providers
    /// do; after the reset nothing is known, and nothing is held against the lane.
    #[inline]
    fn left(&self, kind: QuotaKind, waiting: Waiting, now: Moment) -> Option<(u64, Option<u64>)> {
        let meter = &self.0[kind as usize];
        let reset_at = Moment::from_nanos(meter.reset_at.load(Ordering::Relaxed));
        if reset_at <= now {
            return None;
        }
        let seen_at = Moment::from_nanos(meter.seen_at.load(Ordering::Relaxed));
        let remaining = meter.remaining.load(Ordering::Relaxed);
        let limit = Some(meter.limit.load(Ordering::Relaxed)).filter(|&limit| limit > 0);
        let missing = limit.map_or(0, |limit| limit.saturating_sub(remaining));
        let passed = now.since(seen_at).as_secs_f64();
        let filled = missing as f64 * passed / reset_at.since(seen_at).as_secs_f64();
        let under_way = kind.of(waiting.requests, waiting.prompt, waiting.output_max);
        Some(((remaining.saturating_add(filled as u64)).saturating_sub(under_way), limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    fn tokens(limit: Option<u64>, remaining: u64) -> QuotaSeen {
        QuotaSeen { kind: QuotaKind::Tokens, limit, remaining, reset_after: Some(MINUTE) }
    }

    fn size(tokens: u64) -> Size {
        Size { prompt: tokens / 2, output: 1, output_max: tokens / 2 }
    }

    fn check(seen: QuotaSeen, second: u64, needed: u64, fits: bool) {
        let quota = Quota::default();
        quota.see(&seen, at(100));
        let room = quota.has_room(size(needed), Waiting::default(), at(100 + second));
        assert_eq!(room, fits, "{needed} of {seen:?} after {second} s");
    }

    #[test]
    fn nothing_known_is_room_enough() {
        assert!(Quota::default().has_room(size(1 << 40), Waiting::default(), at(1)));
        assert_eq!(
            Quota::default().weight_left(Waiting::default(), at(1)).to_bits(),
            1_f64.to_bits()
        );
    }

    #[test]
    fn a_quota_fills_up_evenly_until_its_reset() {
        check(tokens(Some(6000), 0), 0, 100, false);
        check(tokens(Some(6000), 0), 10, 1000, true);
        check(tokens(Some(6000), 0), 10, 1002, false);
        check(tokens(Some(6000), 0), 60, 6000, true);
    }

    #[test]
    fn without_a_limit_nothing_comes_back_before_the_reset() {
        check(tokens(None, 500), 59, 500, true);
        check(tokens(None, 500), 59, 502, false);
        check(tokens(None, 500), 60, 502, true);
    }

    #[test]
    fn what_is_larger_than_the_limit_fits_when_all_of_it_is_left() {
        check(tokens(Some(6000), 6000), 0, 9000, true);
        check(tokens(Some(6000), 5000), 0, 9000, false);
    }

    #[test]
    fn what_is_under_way_is_not_left() {
        let quota = Quota::default();
        quota.see(&tokens(Some(6000), 1000), at(100));
        let waiting = Waiting { requests: 2, prompt: 300, output_max: 300 };
        assert!(quota.has_room(size(400), waiting, at(100)));
        assert!(!quota.has_room(size(402), waiting, at(100)));
    }

    #[test]
    fn input_and_output_are_counted_apart() {
        let quota = Quota::default();
        let seen = QuotaSeen { kind: QuotaKind::OutputTokens, ..tokens(Some(1000), 10) };
        quota.see(&seen, at(100));
        let long_prompt = Size { prompt: 100_000, output: 5, output_max: 10 };
        assert!(quota.has_room(long_prompt, Waiting::default(), at(100)));
        let long_answer = Size { prompt: 1, output: 5, output_max: 11 };
        assert!(!quota.has_room(long_answer, Waiting::default(), at(100)));
    }

    #[test]
    fn a_lane_that_runs_out_gets_less_and_less() {
        let shares = [6000, 1200, 600, 60, 0].map(|remaining| {
            let quota = Quota::default();
            quota.see(&tokens(Some(6000), remaining), at(100));
            (quota.weight_left(Waiting::default(), at(100)) * 100.0).round() as u32
        });
        assert_eq!(shares, [100, 100, 50, 5, 5]);
    }
}
