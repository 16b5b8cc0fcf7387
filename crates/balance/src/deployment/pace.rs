//! How quick a lane is, normalised by size: what a first token takes for a prompt of so many
//! tokens, what every further token takes, and how often there is nothing at all.
//!
//! Readers take no lock. Writers share a small one for the sums, and a writer who does not get it
//! at once goes away: one sample less changes no decision.

mod line;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::{Moment, Parcel, ParcelReader};

use crate::cohort::lock;
use line::{Line, LineSums};

/// What weight is left to the past after this long: 1/e.
const DECAY: Duration = Duration::from_secs(60);
/// The most that one sample weighs against all of the past: a lane that is seldom asked would
/// else be judged by its last answer alone.
const SAMPLE_WEIGHT_MAX: f64 = 0.5;
/// The least that one sample weighs, so that a busy lane is not deaf: a tenth.
const SAMPLE_WEIGHT_MIN: f64 = 0.1;
/// What one failure adds to the share of failures, of what is missing to all.
const FAILURE_WEIGHT: f64 = 0.2;
/// The largest share of failures that is reckoned with: a hundred tries to one success.
const FAILURE_SHARE_MAX: f64 = 0.99;
/// What a failed try costs at least, in seconds: it is not over with the answer that failed.
const FAILED_TRY: f64 = 1.0;
/// Answers shorter than this say nothing about the rate.
const RATED_TOKENS_MIN: u64 = 4;
/// What is assumed of a lane to split the time of a first answer that came in one piece, in
/// seconds: half a second, and fifty tokens a second.
const ASSUMED_FIRST: f64 = 0.5;
const ASSUMED_PER_OUTPUT: f64 = 0.02;

/// The pace of one lane.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    sums: Mutex<LineSums>,
    /// A [`Line`] in one word; zero before the first token of all.
    line: AtomicU64,
    /// Seconds per token after the first, as the bits of an `f64`; zero when not known.
    per_output: AtomicU64,
    per_output_at: AtomicU64,
    /// Tokens of an answer on average, as the bits of an `f64`; zero when not known.
    output: AtomicU64,
    /// The share of failures, as the bits of an `f64`.
    failures: AtomicU64,
    failures_at: AtomicU64,
}

impl Pace {
    /// Takes in a first token that took `elapsed`, with `tokens` of prompt to be read until then.
    pub(crate) fn first_token(&self, tokens: u64, elapsed: Duration, now: Moment) {
        if let Ok(mut sums) = self.sums.try_lock() {
            self.line
                .store(sums.add(tokens, elapsed.as_secs_f64(), now).to_bits(), Ordering::Relaxed);
        }
    }

    /// Takes in that an answer of `tokens` took `elapsed` from its first token to its last.
    pub(crate) fn output(&self, tokens: u64, elapsed: Duration, now: Moment) {
        self.length(tokens);
        if tokens >= RATED_TOKENS_MIN {
            self.rate(elapsed.as_secs_f64() / (tokens - 1) as f64, now);
        }
    }

    /// Takes in an answer that came in one piece: `prompt` tokens to be read, `output` written,
    /// in `elapsed` altogether. Which part took how long is split as it is known, or assumed.
    pub(crate) fn whole(&self, prompt: u64, output: u64, elapsed: Duration, now: Moment) {
        self.length(output);
        let first = self.first_token_seconds(prompt).unwrap_or(ASSUMED_FIRST);
        let per_output = self.seconds_per_output().unwrap_or(ASSUMED_PER_OUTPUT);
        let further = output.saturating_sub(1) as f64;
        let ratio = elapsed.as_secs_f64() / (first + per_output * further).max(1e-9);
        self.first_token(prompt, Duration::from_secs_f64(first * ratio), now);
        if output >= RATED_TOKENS_MIN {
            self.rate(per_output * ratio, now);
        }
    }

    /// Takes in that nobody waited any longer for a first token.
    pub(crate) fn abandoned(&self, tokens: u64, elapsed: Duration, now: Moment) {
        if self.first_token_seconds(tokens).is_none_or(|usual| elapsed.as_secs_f64() > usual) {
            self.first_token(tokens, elapsed, now);
        }
    }

    /// Takes in a failure.
    pub(crate) fn failed(&self, now: Moment) {
        let share = self.failure_share(now);
        self.set_failure_share(share + (1.0 - share) * FAILURE_WEIGHT, now);
    }

    /// Takes in a success. Reads first: in good times this must not write to a shared line.
    pub(crate) fn succeeded(&self, now: Moment) {
        let share = self.failure_share(now);
        if share > 1e-6 {
            self.set_failure_share(share * (1.0 - FAILURE_WEIGHT), now);
        }
    }

    /// What a first token should take, in seconds, with `tokens` of prompt to be read; `None`
    /// before the first of all.
    #[inline]
    pub(crate) fn first_token_seconds(&self, tokens: u64) -> Option<f64> {
        Line::from_bits(self.line.load(Ordering::Relaxed)).map(|line| line.at(tokens))
    }

    /// The line by which first tokens are foretold: seconds, and seconds per token of the prompt.
    pub(crate) fn line(&self) -> Option<(f64, f64)> {
        let line = Line::from_bits(self.line.load(Ordering::Relaxed))?;
        Some((line.at(0), line.at(1) - line.at(0)))
    }

    /// What a further token takes, in seconds.
    #[inline]
    pub(crate) fn seconds_per_output(&self) -> Option<f64> {
        known(&self.per_output)
    }

    /// Tokens of an answer on average.
    #[inline]
    pub(crate) fn output_tokens(&self) -> Option<f64> {
        known(&self.output)
    }

    /// The share of failures, 0 to 1, as it weighs now: what is not heard of is forgotten.
    #[inline]
    pub(crate) fn failure_share(&self, now: Moment) -> f64 {
        let share = f64::from_bits(self.failures.load(Ordering::Relaxed));
        if share == 0.0 { 0.0 } else { share * weight_of_past(&self.failures_at, now) }
    }

    /// What a request should take to its last token, in seconds, failures included: a share of
    /// `p` failures means `p / (1 - p)` tries for nothing, each as long as the good one and never
    /// less than a second. `None` before the first token of all.
    #[inline]
    pub(crate) fn seconds(&self, tokens: u64, output: f64, now: Moment) -> Option<f64> {
        let first = self.first_token_seconds(tokens)?;
        let good = first + output * self.seconds_per_output().unwrap_or(0.0);
        let share = self.failure_share(now).min(FAILURE_SHARE_MAX);
        Some(good + share / (1.0 - share) * good.max(FAILED_TRY))
    }

    /// Puts it into a parcel.
    pub(crate) fn pack(&self, parcel: &mut Parcel) {
        for number in self.numbers() {
            parcel.u64(number.load(Ordering::Relaxed));
        }
        lock(&self.sums).pack(parcel);
    }

    /// Goes on from what another process knew, where nothing is known here yet.
    pub(crate) fn unpack(&self, parcel: &mut ParcelReader<'_>) -> Option<()> {
        let mut told = [0; 6];
        for number in &mut told {
            *number = parcel.u64()?;
        }
        let sums = LineSums::unpack(parcel)?;
        let [_, per_output, _, output, failures, _] = told;
        let averages = [per_output, output, failures].map(f64::from_bits);
        if self.line.load(Ordering::Relaxed) != 0 || !averages.iter().all(|it| it.is_finite()) {
            return Some(());
        }
        *lock(&self.sums) = sums;
        for (number, told) in self.numbers().into_iter().zip(told) {
            number.store(told, Ordering::Relaxed);
        }
        Some(())
    }

    const fn numbers(&self) -> [&AtomicU64; 6] {
        [
            &self.line,
            &self.per_output,
            &self.per_output_at,
            &self.output,
            &self.failures,
            &self.failures_at,
        ]
    }

    fn rate(&self, per_output: f64, now: Moment) {
        blend(&self.per_output, per_output, sample_weight(&self.per_output_at, now));
        self.per_output_at.store(now.as_nanos(), Ordering::Relaxed);
    }

    fn length(&self, tokens: u64) {
        blend(&self.output, tokens as f64, SAMPLE_WEIGHT_MIN);
    }

    fn set_failure_share(&self, share: f64, now: Moment) {
        self.failures.store(share.to_bits(), Ordering::Relaxed);
        self.failures_at.store(now.as_nanos(), Ordering::Relaxed);
    }
}

fn known(average: &AtomicU64) -> Option<f64> {
    let average = f64::from_bits(average.load(Ordering::Relaxed));
    (average > 0.0).then_some(average)
}

fn blend(average: &AtomicU64, present: f64, weight: f64) {
    let past = known(average).unwrap_or(present);
    let blended = past + (present - past) * weight;
    average.store(blended.max(f64::MIN_POSITIVE).to_bits(), Ordering::Relaxed);
}

fn weight_of_past(taken_at: &AtomicU64, now: Moment) -> f64 {
    let taken_at = Moment::from_nanos(taken_at.load(Ordering::Relaxed));
    (-now.since(taken_at).as_secs_f64() / DECAY.as_secs_f64()).exp()
}

/// What a sample weighs that is taken now, against the past.
fn sample_weight(taken_at: &AtomicU64, now: Moment) -> f64 {
    (1.0 - weight_of_past(taken_at, now)).clamp(SAMPLE_WEIGHT_MIN, SAMPLE_WEIGHT_MAX)
}

#[cfg(test)]
mod tests;
