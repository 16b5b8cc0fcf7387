//! What is counted of an endpoint: answers by class, failures by reason, latency, connections.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use architrave_core::Reason;
use architrave_core::metric::Metric;

use crate::sample::SampleSink;
use crate::tally::{
    CLASSES, Classes, EXCHANGE_BOUNDS, Histogram, HistogramTotal, Reasons, Shards, Tally,
    class_index,
};

/// The counters of one endpoint of one upstream.
#[derive(Debug)]
pub struct EndpointMetrics {
    shards: Shards<Block>,
    is_forgotten: AtomicBool,
}

#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Block {
    classes: Classes,
    connections: Tally,
    latency: Histogram,
    failures: Reasons,
}

impl EndpointMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self { shards: Shards::new(workers), is_forgotten: AtomicBool::new(false) }
    }

    /// Whether nobody sees any more what is counted here: the endpoint went. Should it be back,
    /// [`crate::Metrics::endpoint`] has new counters for it.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.is_forgotten.load(Ordering::Relaxed)
    }

    pub(crate) fn forget(&self) {
        self.is_forgotten.store(true, Ordering::Relaxed);
    }

    /// The endpoint answered an attempt; `latency` is from the request sent to the first byte.
    #[inline]
    pub fn record(&self, worker: usize, status: u16, latency: Duration) {
        let block = self.shards.of(worker);
        block.classes[class_index(status)].add(1);
        block.latency.observe(&EXCHANGE_BOUNDS, latency);
    }

    /// The endpoint did not answer an attempt. Connections that could not be made are
    /// `ConnectFailed`, `ConnectTimeout` and `TlsFailed`.
    pub fn failed(&self, worker: usize, reason: Reason) {
        self.shards.of(worker).failures.add(reason);
    }

    /// A connection to the endpoint was made.
    pub fn connected(&self, worker: usize) {
        self.shards.of(worker).connections.add(1);
    }

    pub(crate) fn sample(&self, upstream: &str, endpoint: &str, sink: &mut SampleSink) {
        if !self.shards.is_hit() {
            return;
        }
        let shards = &self.shards;
        for (index, class) in CLASSES.iter().enumerate() {
            let count = shards.sum(|block| &block.classes[index]);
            if count > 0 {
                sink.count(Metric::EndpointRequests, &[upstream, endpoint, class], count);
            }
        }
        for reason in Reason::ALL {
            let count: u64 = shards.hit().map(|block| block.failures.get(*reason)).sum();
            if count > 0 {
                let labels = &[upstream, endpoint, reason.as_str()];
                sink.count(Metric::EndpointFailures, labels, count);
            }
        }
        let labels = &[upstream, endpoint];
        let latency = HistogramTotal::of(shards.hit().map(|block| &block.latency));
        sink.histogram(Metric::EndpointLatency, labels, &EXCHANGE_BOUNDS, &latency);
        sink.count(Metric::EndpointConnections, labels, shards.sum(|block| &block.connections));
    }
}
