//! Usage events: one for each exchange, from many workers to the one who adds them up.
//!
//! A worker fills a block of its own and hands it over whole through a bounded queue; it never
//! waits. When nobody takes the blocks the queue fills, events are dropped and counted, and
//! requests are served as before.

mod bodies;
mod event;
mod percent;
mod redaction;
mod roll_up;
mod sketch;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;

use architrave_core::metric::Metric;
use crossbeam_queue::ArrayQueue;

use crate::metrics::Metrics;

pub use bodies::{BodyRule, BodyStart, LineBodies};
pub use event::{ModelUse, RequestLine, UsageCaller, UsageEvent, UsagePlace, Word};
pub use redaction::{Redaction, Screen};
pub use roll_up::{Batch, CellRow, KeyRow, RollUp, RollUpLimits};
pub use sketch::{NoSketch, Sketch};

/// Events of a block.
const BLOCK_EVENTS: usize = 128;

/// Blocks that may wait: 65,536 events, a second at the most that two workers serve.
const QUEUE_BLOCKS: usize = 512;

/// Empty blocks kept for reuse.
const SPARE_BLOCKS: usize = 16;

/// Lines that a worker makes within a tenth of a second at most: an origin that fails at each
/// request must not cost more than one that does not.
const LINES_PER_TICK: u32 = 100;

/// Applications that may be followed at once.
pub const FOLLOWED_MAX: usize = 100;

/// The queue between workers and the one who adds up.
#[derive(Debug)]
pub struct UsageQueue(Arc<Shared>);

/// The end of the queue that one worker writes to. Dropping it hands over what it holds.
#[derive(Debug)]
pub struct WorkerUsage {
    shared: Arc<Shared>,
    block: Vec<UsageEvent>,
    lines_left: u32,
    now: i64,
}

#[derive(Debug)]
struct Shared {
    queue: ArrayQueue<Vec<UsageEvent>>,
    spare: ArrayQueue<Vec<UsageEvent>>,
    dropped: AtomicU64,
    lines_skipped: AtomicU64,
    /// How many of those that went well are kept, of [`SHARE_ALL`].
    share: AtomicU32,
    is_watched: AtomicBool,
    has_addresses: AtomicBool,
    is_followed: AtomicBool,
    /// Consumers of which everything is kept, until when in microseconds UTC.
    followed: Mutex<HashMap<String, i64>>,
    taker: OnceLock<Thread>,
}

/// All of those that went well, for [`UsageQueue::keep_share`].
const SHARE_ALL: u32 = 1_000_000;

/// What becomes of the line of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFate {
    /// None is made.
    None,
    /// It is shown to who watches.
    Shown,
    /// It is kept, and shown.
    Kept,
}

impl Default for UsageQueue {
    fn default() -> Self {
        Self(Arc::new(Shared {
            queue: ArrayQueue::new(QUEUE_BLOCKS),
            spare: ArrayQueue::new(SPARE_BLOCKS),
            dropped: AtomicU64::new(0),
            lines_skipped: AtomicU64::new(0),
            share: AtomicU32::new(0),
            is_watched: AtomicBool::new(false),
            has_addresses: AtomicBool::new(false),
            is_followed: AtomicBool::new(false),
            followed: Mutex::default(),
            taker: OnceLock::new(),
        }))
    }
}

impl UsageQueue {
    /// The end that a worker writes to.
    #[must_use]
    pub fn worker(&self) -> WorkerUsage {
        let shared = Arc::clone(&self.0);
        WorkerUsage { shared, block: Vec::new(), lines_left: LINES_PER_TICK, now: 0 }
    }

    /// Hands all that waits to `take`, in the order in which it was handed over.
    pub fn drain(&self, mut take: impl FnMut(UsageEvent)) {
        // Not more than there is room for: workers may hand over faster than this takes.
        for _ in 0..QUEUE_BLOCKS {
            let Some(mut block) = self.0.queue.pop() else { return };
            block.drain(..).for_each(&mut take);
            // One more than are kept is given back to the allocator.
            let _freed = self.0.spare.push(block);
        }
    }

    /// The thread that drains; it is woken when the queue is half full.
    pub fn taken_by(&self, thread: Thread) {
        let _only_once = self.0.taker.set(thread);
    }

    /// Which share of the exchanges that went well is kept by itself, in percent.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and 100")]
    pub fn keep_share(&self, percent: f64) {
        let share = percent.clamp(0.0, 100.0) / 100.0 * f64::from(SHARE_ALL);
        self.0.share.store(share.round() as u32, Ordering::Relaxed);
    }

    /// Whether lines tell the addresses of clients.
    pub fn keep_addresses(&self, has_addresses: bool) {
        self.0.has_addresses.store(has_addresses, Ordering::Relaxed);
    }

    /// Whether somebody wants to see every exchange.
    pub fn watch(&self, is_watched: bool) {
        self.0.is_watched.store(is_watched, Ordering::Relaxed);
    }

    /// Keeps every exchange of a consumer until a time in microseconds UTC; one that is over ends
    /// it. False when too many are followed already.
    pub fn follow(&self, consumer: &str, until: i64, now: i64) -> bool {
        let mut followed = self.0.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|_, until| *until > now);
        if until <= now {
            followed.remove(consumer);
        } else if followed.len() < FOLLOWED_MAX || followed.contains_key(consumer) {
            followed.insert(consumer.to_owned(), until);
        } else {
            return false;
        }
        self.0.is_followed.store(!followed.is_empty(), Ordering::Relaxed);
        true
    }

    /// Who is followed, and until when, by name.
    #[must_use]
    pub fn followed(&self, now: i64) -> Vec<(String, i64)> {
        let followed = self.0.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let live = followed.iter().filter(|(_, until)| **until > now);
        let mut live: Vec<_> = live.map(|(name, until)| (name.clone(), *until)).collect();
        live.sort();
        live
    }

    /// Events lost so far, because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Lines that were not made so far, because there were too many at once.
    #[must_use]
    pub fn lines_skipped(&self) -> u64 {
        self.0.lines_skipped.load(Ordering::Relaxed)
    }

    /// Adds the counts of what was lost to every scrape.
    pub fn expose(&self, metrics: &Metrics) {
        let shared = Arc::clone(&self.0);
        metrics.add_source(Box::new(move |sink| {
            let dropped = shared.dropped.load(Ordering::Relaxed);
            sink.count(Metric::UsageDropped, &["queue_full"], dropped);
        }));
    }
}

impl WorkerUsage {
    /// What becomes of the line of an exchange: errors are kept, and a share of the rest;
    /// `draw` is a number by chance.
    #[must_use]
    pub fn fate(&self, is_error: bool, consumer: Option<&str>, draw: u32) -> LineFate {
        let shared = &*self.shared;
        let is_kept = is_error
            || draw % SHARE_ALL < shared.share.load(Ordering::Relaxed)
            || (shared.is_followed.load(Ordering::Relaxed) && self.is_followed(consumer));
        if !is_kept && !shared.is_watched.load(Ordering::Relaxed) {
            return LineFate::None;
        }
        if self.lines_left == 0 {
            shared.lines_skipped.fetch_add(1, Ordering::Relaxed);
            return LineFate::None;
        }
        if is_kept { LineFate::Kept } else { LineFate::Shown }
    }

    /// Whether lines tell the addresses of clients.
    #[must_use]
    pub fn has_addresses(&self) -> bool {
        self.shared.has_addresses.load(Ordering::Relaxed)
    }

    fn is_followed(&self, consumer: Option<&str>) -> bool {
        let Some(consumer) = consumer else { return false };
        // Held by others for as long as it takes to look at a hundred names; who cannot have it
        // does without.
        let Ok(followed) = self.shared.followed.try_lock() else { return false };
        followed.get(consumer).is_some_and(|until| *until > self.now)
    }

    /// Adds an event. Never waits: with the queue full it is dropped and counted.
    pub fn push(&mut self, event: UsageEvent) {
        if self.block.len() >= BLOCK_EVENTS && !self.hand_over() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.block.capacity() == 0 {
            let spare = self.shared.spare.pop();
            self.block = spare.unwrap_or_else(|| Vec::with_capacity(BLOCK_EVENTS));
        }
        self.lines_left = self.lines_left.saturating_sub(u32::from(event.line.is_some()));
        self.block.push(event);
    }

    /// Hands over what there is. To be called a few times a second by every worker, with the time
    /// in microseconds UTC.
    pub fn tick(&mut self, now: i64) {
        self.now = now;
        self.lines_left = LINES_PER_TICK;
        if !self.block.is_empty() {
            self.hand_over();
        }
    }

    /// False when the queue is full; the events then stay here.
    fn hand_over(&mut self) -> bool {
        let queue = &self.shared.queue;
        if queue.is_full() {
            return false;
        }
        match queue.push(std::mem::take(&mut self.block)) {
            Ok(()) => {
                if queue.len() == QUEUE_BLOCKS / 2
                    && let Some(taker) = self.shared.taker.get()
                {
                    taker.unpark();
                }
                true
            }
            Err(block) => {
                self.block = block;
                false
            }
        }
    }
}

impl Drop for WorkerUsage {
    fn drop(&mut self) {
        if !self.block.is_empty() && !self.hand_over() {
            self.shared.dropped.fetch_add(self.block.len() as u64, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
