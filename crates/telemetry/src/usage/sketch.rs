//! Quantiles of many durations that can be added to one another: a DDSketch with a relative error
//! of one percent.

use std::fmt;

use sketches_ddsketch::{Config, DDSketch};

/// Durations in microseconds, of which quantiles can be told.
#[derive(Clone)]
pub struct Sketch(DDSketch);

/// What is kept is no sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSketch;

impl Default for Sketch {
    fn default() -> Self {
        Self(DDSketch::new(Config::defaults()))
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Sketch").field(&self.0.count()).finish()
    }
}

impl Sketch {
    /// Adds a duration.
    #[expect(clippy::cast_precision_loss, reason = "a percent is lost anyway")]
    pub fn add(&mut self, micros: u64) {
        self.0.add(micros as f64);
    }

    /// Adds what another has.
    pub fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0).expect("all sketches have the same error");
    }

    /// Adds what was kept of another.
    ///
    /// # Errors
    /// When the bytes are no sketch, or one with another error.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), NoSketch> {
        let read = DDSketch::from_java_bytes(bytes).map_err(|_| NoSketch)?;
        self.0.merge(&read).map_err(|_| NoSketch)
    }

    /// How many durations there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// The duration in microseconds that a share of them, from 0 to 1, does not exceed.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, never negative"
    )]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let found = self.0.quantile(share.clamp(0.0, 1.0)).ok()??;
        Some(found.round().max(0.0) as u64)
    }

    /// As it is kept: the format of DataDog's sketches.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_java_bytes()
    }

    /// What was kept.
    ///
    /// # Errors
    /// When the bytes are no sketch, or one with another error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoSketch> {
        let mut sketch = Self::default();
        sketch.merge_bytes(bytes)?;
        Ok(sketch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_percent_also_after_being_kept_and_merged() {
        let mut halves = [Sketch::default(), Sketch::default()];
        for micros in 1..=10_000_u64 {
            halves[usize::from(micros % 2 == 0)].add(micros);
        }
        let [mut all, other] = halves.map(|half| Sketch::from_bytes(&half.to_bytes()).unwrap());
        all.merge(&other);
        assert_eq!(all.count(), 10_000);
        for (share, exact) in [(0.5, 5_000), (0.9, 9_000), (0.95, 9_500), (0.99, 9_900)] {
            let found = all.quantile(share).unwrap();
            let error = found.abs_diff(exact);
            assert!(error * 100 <= exact + 100, "{share}: {found} for {exact}");
        }
    }

    #[test]
    fn nothing_has_no_quantile_and_nonsense_is_no_sketch() {
        assert_eq!(Sketch::default().quantile(0.5), None);
        let kept = Sketch::from_bytes(&Sketch::default().to_bytes()).unwrap();
        assert_eq!(kept.quantile(0.5), None);
        assert_eq!(Sketch::from_bytes(&[]).unwrap_err(), NoSketch);
        assert_eq!(Sketch::from_bytes(b"junk and more").unwrap_err(), NoSketch);
        let other = DDSketch::new(Config::new(0.05, 2048, 1e-9));
        let mut other = other;
        other.add(7.0);
        assert_eq!(Sketch::from_bytes(&other.to_java_bytes()).unwrap_err(), NoSketch);
    }
}
