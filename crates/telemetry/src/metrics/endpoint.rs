//! What is counted of an endpoint: answers by class, failures by reason, latency, connections.

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
pub struct EndpointMetrics(Shards<Block>);

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
        Self(Shards::new(workers))
    }

    /// The endpoint answered an attempt; `latency` is from the request sent to the first byte.
    #[inline]
    pub fn record(&self, worker: usize, status: u16, latency: Duration) {
        let block = self.0.of(worker);
        block.classes[class_index(status)].add(1);
        block.latency.observe(&EXCHANGE_BOUNDS, latency);
    }

    /// The endpoint did not answer an attempt. Connections that could not be made are
    /// `ConnectFailed`, `ConnectTimeout` and `TlsFailed`.
    pub fn failed(&self, worker: usize, reason: Reason) {
        self.0.of(worker).failures.add(reason);
    }

    /// A connection to the endpoint was made.
    pub fn connected(&self, worker: usize) {
        self.0.of(worker).connections.add(1);
    }

    pub(crate) fn sample(&self, upstream: &str, endpoint: &str, sink: &mut SampleSink) {
        if !self.0.is_hit() {
            return;
        }
        let shards = &self.0;
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
