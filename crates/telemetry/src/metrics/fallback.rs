//! How often other models were asked in place of one that could not serve.

use architrave_core::metric::Metric;

use super::by_label::ByLabel;
use crate::sample::SampleSink;
use crate::tally::Tally;

/// The counters of one model that others stand in for, by who did.
#[derive(Debug)]
pub struct FallbackMetrics(ByLabel<Tally>);

impl FallbackMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self(ByLabel::new(workers))
    }

    /// Counts a request that went on to another model; `to` is a label of that model's counters.
    pub fn fell_back(&self, worker: usize, to: &str) {
        self.0.of(worker, to).add(1);
    }

    pub(crate) fn sample(&self, model: &str, sink: &mut SampleSink) {
        for (to, tally) in self.0.hit() {
            sink.count(Metric::LlmFallbacks, &[model, to], tally.sum(|tally| tally));
        }
    }
}
