//! Counters with one writer each: a block per object and worker, added up when they are read.
//!
//! An increment is a plain load and store, never a locked instruction, because no two threads
//! write the same block. Blocks are allocated at the first event, so what is configured but never
//! hit costs a pointer and shows no series.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Reason;

/// A counter with one writer and any number of readers.
#[derive(Debug, Default)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    /// Adds without a locked instruction; two writers at once would lose counts, nothing worse.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One block per worker, all made at the first event: one step from here to any of them.
#[derive(Debug)]
pub(crate) struct Shards<T> {
    blocks: OnceLock<Box<[T]>>,
    workers: usize,
}

impl<T: Default> Shards<T> {
    pub(crate) fn new(workers: usize) -> Self {
        Self { blocks: OnceLock::new(), workers: workers.max(1) }
    }

    /// The block of `worker`; beyond the last worker it is the last block.
    #[inline]
    pub(crate) fn of(&self, worker: usize) -> &T {
        let blocks = self.blocks.get_or_init(|| (0..self.workers).map(|_| T::default()).collect());
        &blocks[worker.min(blocks.len() - 1)]
    }

    /// The blocks, once something has been counted.
    pub(crate) fn hit(&self) -> impl Iterator<Item = &T> {
        self.blocks.get().into_iter().flatten()
    }

    pub(crate) fn is_hit(&self) -> bool {
        self.blocks.get().is_some()
    }

    pub(crate) fn sum(&self, tally: impl Fn(&T) -> &Tally) -> u64 {
        self.hit().map(|block| tally(block).get()).fold(0, u64::wrapping_add)
    }
}

/// Labels of the classes of status, by [`class_index`].
pub(crate) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counts by class of status.
pub(crate) type Classes = [Tally; CLASSES.len()];

/// The class of a status. What lies outside 100 to 599 counts as `5xx`, as RFC 9110 has it.
#[inline]
pub(crate) fn class_index(status: u16) -> usize {
    match status {
        100..=199 => 0,
        200..=299 => 1,
        300..=399 => 2,
        400..=499 => 3,
        _ => 4,
    }
}

/// Counts by reason, made at the first failure: most blocks never need them.
#[derive(Debug, Default)]
pub(crate) struct Reasons(OnceLock<Box<[Tally; Reason::ALL.len()]>>);

impl Reasons {
    pub(crate) fn add(&self, reason: Reason) {
        let made = || Box::new(std::array::from_fn(|_| Tally::default()));
        self.0.get_or_init(made)[reason as usize].add(1);
    }

    pub(crate) fn get(&self, reason: Reason) -> u64 {
        self.0.get().map_or(0, |counts| counts[reason as usize].get())
    }
}

/// How many bounds a histogram has; one bucket more takes what lies above the last.
pub(crate) const BOUNDS: usize = 13;

/// Upper bounds of buckets in nanoseconds, ascending.
pub(crate) type Bounds = [u64; BOUNDS];

/// For exchanges: from half a millisecond, fast for a near origin, to half a minute.
pub(crate) const EXCHANGE_BOUNDS: Bounds = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    30_000_000_000,
];

/// For connections of layer 4: from 10 ms to a day.
pub(crate) const RELAY_BOUNDS: Bounds = [
    10_000_000,
    50_000_000,
    250_000_000,
    1_000_000_000,
    5_000_000_000,
    15_000_000_000,
    60_000_000_000,
    300_000_000_000,
    900_000_000_000,
    1_800_000_000_000,
    3_600_000_000_000,
    14_400_000_000_000,
    86_400_000_000_000,
];

/// For delays of a worker: from 100 µs, which the system alone may take, to seconds; finest around
/// a millisecond, which nothing should take.
pub(crate) const DELAY_BOUNDS: Bounds = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    1_500_000,
    2_000_000,
    3_000_000,
    5_000_000,
    10_000_000,
    25_000_000,
    100_000_000,
    500_000_000,
    2_500_000_000,
];

/// For tokens, one of which is a second here: powers of four, as OpenTelemetry has them.
pub(crate) const TOKEN_BOUNDS: Bounds = {
    let mut bounds = [1_000_000_000; BOUNDS];
    let mut place = 1;
    while place < BOUNDS {
        bounds[place] = bounds[place - 1] * 4;
        place += 1;
    }
    bounds
};

/// Observations of a duration by bucket; the count is the sum of the buckets.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Histogram {
    pub(crate) sum_nanos: Tally,
    pub(crate) buckets: [Tally; BOUNDS + 1],
}

impl Histogram {
    #[inline]
    pub(crate) fn observe(&self, bounds: &Bounds, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        // Bounds are inclusive. Counting beats searching: thirteen compares and no branch.
        let bucket: usize = bounds.iter().map(|bound| usize::from(nanos > *bound)).sum();
        self.buckets[bucket].add(1);
        self.sum_nanos.add(nanos);
    }
}

/// A histogram added up over workers.
#[derive(Debug, Default)]
pub(crate) struct HistogramTotal {
    pub(crate) buckets: [u64; BOUNDS + 1],
    pub(crate) sum_nanos: u64,
}

impl HistogramTotal {
    pub(crate) fn of<'a>(parts: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut total = Self::default();
        for part in parts {
            for (sum, bucket) in total.buckets.iter_mut().zip(&part.buckets) {
                *sum = sum.wrapping_add(bucket.get());
            }
            total.sum_nanos = total.sum_nanos.wrapping_add(part.sum_nanos.get());
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_many_workers_add_up_while_they_are_read() {
        let shards: Shards<Tally> = Shards::new(4);
        let shards = &shards;
        std::thread::scope(|scope| {
            for worker in 0..4 {
                scope.spawn(move || (0..100_000).for_each(|_| shards.of(worker).add(1)));
            }
            let mut last = 0;
            while last < 400_000 {
                let now = shards.sum(|tally| tally);
                assert!(now >= last, "a sum went back from {last} to {now}");
                last = now;
            }
        });
        assert_eq!(shards.sum(|tally| tally), 400_000);
    }

    #[test]
    fn blocks_are_made_at_the_first_event() {
        let shards: Shards<Tally> = Shards::new(2);
        assert!(!shards.is_hit());
        shards.of(1).add(1);
        assert_eq!(shards.hit().map(Tally::get).collect::<Vec<_>>(), [0, 1]);
        assert!(std::ptr::eq(shards.of(1), shards.of(7)));
    }

    #[test]
    fn bounds_ascend_and_are_inclusive() {
        for bounds in [EXCHANGE_BOUNDS, RELAY_BOUNDS, DELAY_BOUNDS, TOKEN_BOUNDS] {
            assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
        }
        let histogram = Histogram::default();
        histogram.observe(&EXCHANGE_BOUNDS, Duration::from_micros(500));
        histogram.observe(&EXCHANGE_BOUNDS, Duration::from_nanos(500_001));
        histogram.observe(&EXCHANGE_BOUNDS, Duration::from_secs(600));
        let counts = histogram.buckets.each_ref().map(Tally::get);
        assert_eq!((counts[0], counts[1], counts[BOUNDS]), (1, 1, 1));
    }

    #[test]
    fn statuses_outside_the_registry_count_as_server_errors() {
        let classes = [101, 200, 308, 499, 599, 0, 777].map(|status| CLASSES[class_index(status)]);
        assert_eq!(classes, ["1xx", "2xx", "3xx", "4xx", "5xx", "5xx", "5xx"]);
    }
}
