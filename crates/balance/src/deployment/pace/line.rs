//! The line by which the time of a first token is foretold: so much for every request, and so
//! much per token of the prompt. Weighted least squares over a past that fades.

use architrave_core::{Moment, Parcel, ParcelReader};

use super::{DECAY, SAMPLE_WEIGHT_MAX};

/// The least that a sample weighs against all of the past.
const SAMPLE_WEIGHT_MIN: f64 = 0.02;
/// Where sizes tell too little of a slope, a request is taken to cost as much as this many tokens
/// beside its prompt: 1,000, a tenth of a second at what is usual.
const OVERHEAD_TOKENS: f64 = 1000.0;
/// The slope is drawn towards that of the assumption above as strongly as this many samples with
/// sizes spread as far as the mean would draw.
const ASSUMPTION_WEIGHT: f64 = 0.05;

/// Seconds as a function of tokens. Two `f32` in a word, so that it is read whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    seconds: f32,
    per_token: f32,
}

impl Line {
    /// `None` from a word that nobody has written yet.
    #[inline]
    pub(super) fn from_bits(bits: u64) -> Option<Self> {
        let [seconds, per_token] = [(bits >> 32) as u32, bits as u32].map(f32::from_bits);
        (bits != 0).then_some(Self { seconds, per_token })
    }

    /// As a word; never zero.
    pub(super) fn to_bits(self) -> u64 {
        let [high, low] = [self.seconds, self.per_token]
            .map(|part| u64::from(part.max(f32::MIN_POSITIVE).to_bits()));
        high << 32 | low
    }

    /// The seconds for so many tokens.
    #[inline]
    pub(super) fn at(self, tokens: u64) -> f64 {
        f64::from(self.seconds) + f64::from(self.per_token) * tokens as f64
    }
}

/// Means of the past, each sample weighing less the older it is.
#[derive(Debug, Default)]
pub(super) struct LineSums {
    taken_at: Moment,
    tokens: f64,
    seconds: f64,
    /// Of the products, about the means.
    tokens_squared: f64,
    tokens_seconds: f64,
    is_begun: bool,
}

impl LineSums {
    /// Takes in a sample; says the line that follows.
    pub(super) fn add(&mut self, tokens: u64, seconds: f64, now: Moment) -> Line {
        let tokens = tokens as f64;
        if self.is_begun {
            let passed = now.since(self.taken_at).as_secs_f64() / DECAY.as_secs_f64();
            let weight = (1.0 - (-passed).exp()).clamp(SAMPLE_WEIGHT_MIN, SAMPLE_WEIGHT_MAX);
            // The running form of variance and covariance: no difference of large numbers.
            let (dx, dy) = (tokens - self.tokens, seconds - self.seconds);
            self.tokens += weight * dx;
            self.seconds += weight * dy;
            self.tokens_squared = (1.0 - weight) * (self.tokens_squared + weight * dx * dx);
            self.tokens_seconds = (1.0 - weight) * (self.tokens_seconds + weight * dx * dy);
        } else {
            *self = Self { tokens, seconds, is_begun: true, ..Self::default() };
        }
        self.taken_at = now;
        self.line()
    }

    /// Puts them into a parcel.
    pub(super) fn pack(&self, parcel: &mut Parcel) {
        parcel.u64(self.taken_at.as_nanos());
        let means = [self.tokens, self.seconds, self.tokens_squared, self.tokens_seconds];
        means.into_iter().for_each(|mean| parcel.f64(mean));
        parcel.flag(self.is_begun);
    }

    /// What a parcel says; as if nothing had been taken in where it holds what no mean can be.
    pub(super) fn unpack(parcel: &mut ParcelReader<'_>) -> Option<Self> {
        let taken_at = Moment::from_nanos(parcel.u64()?);
        let (tokens, seconds) = (parcel.f64()?, parcel.f64()?);
        let (tokens_squared, tokens_seconds) = (parcel.f64()?, parcel.f64()?);
        let is_begun = parcel.flag()?;
        let sums = Self { taken_at, tokens, seconds, tokens_squared, tokens_seconds, is_begun };
        let means = [tokens, seconds, tokens_squared, tokens_seconds];
        Some(if means.iter().all(|mean| mean.is_finite()) { sums } else { Self::default() })
    }

    /// The line of least squares that does not fall and does not begin below zero.
    fn line(&self) -> Line {
        let assumed = self.seconds / (self.tokens + OVERHEAD_TOKENS);
        let pull = ASSUMPTION_WEIGHT * (self.tokens * self.tokens).max(1.0);
        let slope = (self.tokens_seconds + pull * assumed) / (self.tokens_squared + pull);
        // At most what lets the line through the mean begin at zero.
        let slope = slope.clamp(0.0, self.seconds / self.tokens.max(1.0));
        let start = (self.seconds - slope * self.tokens).max(0.0);
        Line { seconds: start as f32, per_token: slope as f32 }
    }
}
