//! What is counted of an upstream: attempts, and what stood between a request and its attempt.

use std::time::Duration;

use architrave_core::metric::Metric;

use crate::sample::SampleSink;
use crate::tally::{EXCHANGE_BOUNDS, Histogram, HistogramTotal, Shards, Tally};

/// The counters of one upstream.
#[derive(Debug)]
pub struct UpstreamMetrics(Shards<Block>);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Block {
    attempts: Tally,
    retries: Tally,
    retries_over_budget: Tally,
    hedges: Tally,
    queue_wait: Histogram,
}

impl UpstreamMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self(Shards::new(workers))
    }

    /// An attempt began, be it the first, a retry or a hedge.
    #[inline]
    pub fn attempted(&self, worker: usize) {
        self.0.of(worker).attempts.add(1);
    }

    /// The attempt is one more because an earlier one failed.
    pub fn retried(&self, worker: usize) {
        self.0.of(worker).retries.add(1);
    }

    /// A retry was not made because the budget is spent.
    pub fn retry_budget_exhausted(&self, worker: usize) {
        self.0.of(worker).retries_over_budget.add(1);
    }

    /// The attempt is a second one beside a slow first one.
    pub fn hedged(&self, worker: usize) {
        self.0.of(worker).hedges.add(1);
    }

    /// A request that had to wait for a free connection has waited this long.
    pub fn queued(&self, worker: usize, wait: Duration) {
        self.0.of(worker).queue_wait.observe(&EXCHANGE_BOUNDS, wait);
    }

    pub(crate) fn sample(&self, upstream: &str, sink: &mut SampleSink) {
        if !self.0.is_hit() {
            return;
        }
        let labels = &[upstream];
        let shards = &self.0;
        sink.count(Metric::UpstreamAttempts, labels, shards.sum(|block| &block.attempts));
        sink.count(Metric::UpstreamRetries, labels, shards.sum(|block| &block.retries));
        let over_budget = shards.sum(|block| &block.retries_over_budget);
        sink.count(Metric::UpstreamRetryBudgetExhausted, labels, over_budget);
        sink.count(Metric::UpstreamHedges, labels, shards.sum(|block| &block.hedges));
        let wait = HistogramTotal::of(shards.hit().map(|block| &block.queue_wait));
        sink.histogram(Metric::UpstreamQueueWait, labels, &EXCHANGE_BOUNDS, &wait);
    }
}
