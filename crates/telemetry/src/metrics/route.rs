//! What is counted of a route: exchanges by class and reason, their duration and their bytes.

use std::time::Duration;

use architrave_core::Reason;
use architrave_core::metric::Metric;

use crate::sample::SampleSink;
use crate::tally::{
    CLASSES, Classes, EXCHANGE_BOUNDS, Histogram, HistogramTotal, Reasons, Shards, Tally,
    class_index,
};

/// The counters of one route.
#[derive(Debug)]
pub struct RouteMetrics(Shards<Block>);

/// What one worker counts. In this order an exchange without failure touches three cache lines.
#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Block {
    classes: Classes,
    request_bytes: Tally,
    response_bytes: Tally,
    duration: Histogram,
    failures: Reasons,
}

impl RouteMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self(Shards::new(workers))
    }

    /// Counts an exchange that ended. `status` is what the client was sent; with 0, for nothing,
    /// the class is that of the reason's status. Bytes are those of bodies.
    #[inline]
    pub fn record(
        &self,
        worker: usize,
        status: u16,
        reason: Option<Reason>,
        duration: Duration,
        request_bytes: u64,
        response_bytes: u64,
    ) {
        let block = self.0.of(worker);
        let status = if status == 0 { reason.map_or(0, Reason::status) } else { status };
        block.classes[class_index(status)].add(1);
        block.duration.observe(&EXCHANGE_BOUNDS, duration);
        block.request_bytes.add(request_bytes);
        block.response_bytes.add(response_bytes);
        if let Some(reason) = reason {
            block.failures.add(reason);
        }
    }

    pub(crate) fn sample(&self, route: &str, sink: &mut SampleSink) {
        if !self.0.is_hit() {
            return;
        }
        for (index, class) in CLASSES.iter().enumerate() {
            let count = self.0.sum(|block| &block.classes[index]);
            if count > 0 {
                sink.count(Metric::Requests, &[route, class], count);
            }
        }
        for reason in Reason::ALL {
            let count: u64 = self.0.hit().map(|block| block.failures.get(*reason)).sum();
            if count > 0 {
                sink.count(Metric::RequestFailures, &[route, reason.as_str()], count);
            }
        }
        let duration = HistogramTotal::of(self.0.hit().map(|block| &block.duration));
        sink.histogram(Metric::RequestDuration, &[route], &EXCHANGE_BOUNDS, &duration);
        sink.count(Metric::RequestBytes, &[route], self.0.sum(|block| &block.request_bytes));
        sink.count(Metric::ResponseBytes, &[route], self.0.sum(|block| &block.response_bytes));
    }
}
