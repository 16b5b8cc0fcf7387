//! What is counted of a route: exchanges by class and reason, their duration and their bytes.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::Reason;
use architrave_core::metric::Metric;

use crate::sample::SampleSink;
use crate::tally::{
    CLASSES, Classes, EXCHANGE_BOUNDS, Histogram, HistogramTotal, Reasons, Shards, Tally,
    class_index,
};

/// How many routes share a table.
const ROWS: usize = 32;

/// The counters of some routes, side by side, so that the way to them is short and often walked.
type Table = Shards<[Block; ROWS]>;

/// The counters of one route; clones count in the same place.
#[derive(Clone, Debug)]
pub struct RouteMetrics {
    table: Arc<Table>,
    row: usize,
}

/// Gives out rows for routes. Never one that was in use: exchanges outlive the routes that they
/// came by. A table goes when all its routes are gone.
#[derive(Debug)]
pub(crate) struct Rows {
    workers: usize,
    table: Arc<Table>,
    taken: usize,
}

impl Rows {
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, table: Arc::new(Table::new(workers)), taken: 0 }
    }

    pub(crate) fn take(&mut self) -> RouteMetrics {
        if self.taken == ROWS {
            *self = Self::new(self.workers);
        }
        self.taken += 1;
        RouteMetrics { table: Arc::clone(&self.table), row: self.taken - 1 }
    }
}

/// What one worker counts. In this order an exchange without failure touches two cache lines: one
/// with the totals, and one with its bucket.
#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Block {
    classes: Classes,
    request_bytes: Tally,
    response_bytes: Tally,
    duration: Histogram,
    failures: Reasons,
    cache_hits: Tally,
    cache_misses: Tally,
}

impl RouteMetrics {
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
        let block = &self.table.of(worker)[self.row];
        let status = if status == 0 { reason.map_or(0, Reason::status) } else { status };
        block.classes[class_index(status)].add(1);
        block.duration.observe(&EXCHANGE_BOUNDS, duration);
        block.request_bytes.add(request_bytes);
        block.response_bytes.add(response_bytes);
        if let Some(reason) = reason {
            block.failures.add(reason);
        }
    }

    /// Counts a question that was looked up among kept answers.
    pub fn looked_up(&self, worker: usize, is_hit: bool) {
        let block = &self.table.of(worker)[self.row];
        let tally = if is_hit { &block.cache_hits } else { &block.cache_misses };
        tally.add(1);
    }

    pub(crate) fn sample(&self, route: &str, sink: &mut SampleSink) {
        let sum = |tally: &dyn Fn(&Block) -> &Tally| self.table.sum(|rows| tally(&rows[self.row]));
        let classes: [u64; CLASSES.len()] =
            std::array::from_fn(|index| sum(&|block| &block.classes[index]));
        // A route that was never hit shows no series.
        if classes.iter().all(|count| *count == 0) {
            return;
        }
        for (class, count) in CLASSES.iter().zip(classes).filter(|(_, count)| *count > 0) {
            sink.count(Metric::Requests, &[route, class], count);
        }
        for reason in Reason::ALL {
            let count: u64 = self.blocks().map(|block| block.failures.get(*reason)).sum();
            if count > 0 {
                sink.count(Metric::RequestFailures, &[route, reason.as_str()], count);
            }
        }
        let lookups =
            [("hit", sum(&|block| &block.cache_hits)), ("miss", sum(&|block| &block.cache_misses))];
        for (outcome, count) in lookups.into_iter().filter(|(_, count)| *count > 0) {
            sink.count(Metric::CacheLookups, &[route, outcome], count);
        }
        let duration = HistogramTotal::of(self.blocks().map(|block| &block.duration));
        sink.histogram(Metric::RequestDuration, &[route], &EXCHANGE_BOUNDS, &duration);
        sink.count(Metric::RequestBytes, &[route], sum(&|block| &block.request_bytes));
        sink.count(Metric::ResponseBytes, &[route], sum(&|block| &block.response_bytes));
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.table.hit().map(|rows| &rows[self.row])
    }
}
