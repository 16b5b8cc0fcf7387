//! What is measured of a worker itself: how late it comes to what is ready, and so for how long
//! everything on it stands still.
//!
//! The worker samples; a scrape also sees one that is standing still right now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Moment;
use architrave_core::metric::Metric;

use crate::sample::SampleSink;
use crate::tally::{DELAY_BOUNDS, Histogram, HistogramTotal, Shards, Tally};

/// The longest delay is that of the last six spans of ten seconds, the current one among them.
const SPANS: usize = 6;

const SPAN_NANOS: u64 = 10_000_000_000;

/// The delays of every worker.
#[derive(Debug)]
pub struct WorkerMetrics(Shards<Block>);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Block {
    delays: Histogram,
    waited_nanos: Tally,
    /// When the next sample is due; 0 before the first.
    due_nanos: AtomicU64,
    spans: [Span; SPANS],
}

/// The longest delay of ten seconds.
#[derive(Debug, Default)]
struct Span {
    /// Which ten seconds, counted from the start of the clock.
    number: AtomicU64,
    longest_nanos: AtomicU64,
}

impl WorkerMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self(Shards::new(workers))
    }

    /// The next sample of a worker is due then.
    pub fn due(&self, worker: usize, due: Moment) {
        self.0.of(worker).due_nanos.store(due.as_nanos(), Ordering::Relaxed);
    }

    /// A sample was taken so late, after `waited` in which others had the processor.
    pub fn came(&self, worker: usize, late: Duration, waited: Duration) {
        let block = self.0.of(worker);
        let delay = late.saturating_sub(waited);
        block.delays.observe(&DELAY_BOUNDS, delay);
        block.waited_nanos.add(u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX));
        let now = Moment::from_nanos(block.due_nanos.load(Ordering::Relaxed)) + late;
        let number = now.as_nanos() / SPAN_NANOS;
        let span = &block.spans[place(number)];
        if span.number.load(Ordering::Relaxed) != number {
            span.longest_nanos.store(0, Ordering::Relaxed);
            span.number.store(number, Ordering::Relaxed);
        }
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        let longest = span.longest_nanos.load(Ordering::Relaxed).max(nanos);
        span.longest_nanos.store(longest, Ordering::Relaxed);
    }

    /// Adds the samples of a scrape. `now` is of the clock that the workers sample by.
    pub fn sample(&self, now: Moment, sink: &mut SampleSink) {
        if !self.0.is_hit() {
            return;
        }
        let total = HistogramTotal::of(self.0.hit().map(|block| &block.delays));
        sink.histogram(Metric::WorkerDelay, &[], &DELAY_BOUNDS, &total);
        for (worker, block) in self.0.hit().enumerate() {
            let longest = block.longest(now).as_secs_f64();
            sink.gauge(Metric::WorkerLongestDelay, &[&worker.to_string()], longest);
            let waited = Duration::from_nanos(block.waited_nanos.get()).as_secs_f64();
            sink.gauge(Metric::WorkerProcessorWait, &[&worker.to_string()], waited);
        }
    }
}

impl Block {
    fn longest(&self, now: Moment) -> Duration {
        let current = now.as_nanos() / SPAN_NANOS;
        let is_recent = |span: &&Span| {
            current.saturating_sub(span.number.load(Ordering::Relaxed)) < SPANS as u64
        };
        let recent = self.spans.iter().filter(is_recent);
        let longest = recent.map(|span| span.longest_nanos.load(Ordering::Relaxed)).max();
        let due = Moment::from_nanos(self.due_nanos.load(Ordering::Relaxed));
        let so_far = if due == Moment::ZERO { Duration::ZERO } else { now.since(due) };
        Duration::from_nanos(longest.unwrap_or(0)).max(so_far)
    }
}

/// Where the span of a number is kept.
fn place(number: u64) -> usize {
    usize::try_from(number % SPANS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Format;

    const MS: Duration = Duration::from_millis(1);
    const NONE: Duration = Duration::ZERO;

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(seconds * 1_000_000_000)
    }

    fn page(metrics: &WorkerMetrics, now: Moment) -> String {
        let mut sink = SampleSink::new();
        metrics.sample(now, &mut sink);
        let mut text = String::new();
        sink.print(Format::Prometheus, &mut text);
        text
    }

    /// A sample that was due then and came so late, others having had the processor for `waited`.
    fn came(metrics: &WorkerMetrics, worker: usize, due: Moment, late: Duration, waited: Duration) {
        metrics.due(worker, due);
        metrics.came(worker, late, waited);
        // The next one, far ahead, so that none is overdue.
        metrics.due(worker, at(10_000));
    }

    #[test]
    fn the_longest_delay_is_that_of_the_last_minute() {
        let metrics = WorkerMetrics::new(2);
        came(&metrics, 0, at(100), 7 * MS, NONE);
        came(&metrics, 0, at(101), MS, NONE);
        came(&metrics, 1, at(100), 2 * MS, NONE);
        let text = page(&metrics, at(102));
        assert!(text.contains("longest_delay_seconds{worker=\"0\"} 0.007\n"), "{text}");
        assert!(text.contains("longest_delay_seconds{worker=\"1\"} 0.002\n"), "{text}");
        // 7 ms are forgotten a minute later, what came since is not.
        came(&metrics, 0, at(140), 3 * MS, NONE);
        assert!(page(&metrics, at(149)).contains("delay_seconds{worker=\"0\"} 0.007\n"));
        assert!(page(&metrics, at(160)).contains("delay_seconds{worker=\"0\"} 0.003\n"));
        // The place of a span that is long gone is used again, without what was in it.
        came(&metrics, 0, at(220), MS, NONE);
        assert!(page(&metrics, at(221)).contains("delay_seconds{worker=\"0\"} 0.001\n"));
    }

    #[test]
    fn what_others_took_of_the_processor_is_told_apart() {
        let metrics = WorkerMetrics::new(1);
        came(&metrics, 0, at(100), 9 * MS, 7 * MS);
        came(&metrics, 0, at(101), MS, 4 * MS);
        let text = page(&metrics, at(102));
        assert!(text.contains("longest_delay_seconds{worker=\"0\"} 0.002\n"), "{text}");
        assert!(text.contains("processor_wait_seconds_total{worker=\"0\"} 0.011\n"), "{text}");
    }

    #[test]
    fn a_worker_that_stands_still_now_is_seen() {
        let metrics = WorkerMetrics::new(1);
        metrics.due(0, at(100));
        assert!(page(&metrics, at(99)).contains("delay_seconds{worker=\"0\"} 0.0\n"));
        assert!(page(&metrics, at(103)).contains("delay_seconds{worker=\"0\"} 3.0\n"));
    }

    #[test]
    fn every_sample_is_in_the_histogram() {
        let metrics = WorkerMetrics::new(2);
        came(&metrics, 0, at(1), NONE, NONE);
        came(&metrics, 1, at(1), 3 * MS, NONE);
        let text = page(&metrics, at(2));
        assert!(text.contains("worker_delay_seconds_bucket{le=\"0.002\"} 1\n"), "{text}");
        assert!(text.contains("worker_delay_seconds_bucket{le=\"0.003\"} 2\n"), "{text}");
        assert!(text.contains("worker_delay_seconds_count 2\n"), "{text}");
    }

    #[test]
    fn without_workers_there_is_nothing_to_say() {
        assert_eq!(page(&WorkerMetrics::new(2), at(1)), "");
    }
}
