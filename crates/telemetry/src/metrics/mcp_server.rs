//! How often an MCP server was asked, and whether it answered.

use architrave_core::metric::Metric;

use super::by_label::ByLabel;
use crate::sample::SampleSink;
use crate::tally::Tally;

/// The counters of one MCP server, by method.
#[derive(Debug)]
pub struct McpServerMetrics {
    answered: ByLabel<Tally>,
    failed: ByLabel<Tally>,
}

impl McpServerMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self { answered: ByLabel::new(workers), failed: ByLabel::new(workers) }
    }

    /// Counts a request; `method` is of a closed list.
    pub fn asked(&self, worker: usize, method: &str, has_answered: bool) {
        let outcome = if has_answered { &self.answered } else { &self.failed };
        outcome.of(worker, method).add(1);
    }

    pub(crate) fn sample(&self, server: &str, sink: &mut SampleSink) {
        for (outcome, counters) in [("answered", &self.answered), ("failed", &self.failed)] {
            for (method, tally) in counters.hit() {
                let labels = [server, method, outcome];
                sink.count(Metric::McpServerRequests, &labels, tally.sum(|tally| tally));
            }
        }
    }
}
