//! The access log: one line per exchange, from many workers to one writer thread; JSON, but for a
//! terminal, where people read it.
//!
//! A worker fills a buffer of its own and hands it over whole through a bounded queue; it never
//! waits and never wakes anyone for a line. When the reader of the log stalls, the queue fills,
//! lines are dropped and counted, and requests are served as before.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, UNIX_EPOCH};

use architrave_config::AccessLogTarget;
use architrave_core::metric::Metric;
use crossbeam_queue::ArrayQueue;

pub mod entry;
mod json;
mod ordered;
mod output;

use crate::metrics::Metrics;
use crate::stamp::Stamp;
use entry::AccessEntry;

/// A buffer is handed over when it has reached this many bytes.
const BLOCK_BYTES: usize = 32 * 1024;

/// Room for the line that takes a buffer over [`BLOCK_BYTES`], so that it seldom grows.
const BLOCK_BYTES_RESERVED: usize = BLOCK_BYTES + 2 * 1024;

/// Blocks that may wait for the writer: 8 MiB, a quarter of a second at 60,000 lines a second.
const QUEUE_BLOCKS: usize = 256;

/// Empty blocks kept for reuse; more are given back to the allocator after a burst.
const SPARE_BLOCKS: usize = 8;

/// How long the writer rests between two looks at the queue.
const WRITER_PAUSE: Duration = Duration::from_millis(20);

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineForm {
    /// A JSON object, for programs.
    #[default]
    Json,
    /// A short line for people.
    Text {
        /// Whether colours say how it went, as a terminal shows them.
        is_coloured: bool,
    },
}

/// What workers write: nothing, or lines in a [`LineForm`], as a number that can be swapped.
const OFF: u8 = 0;
const JSON: u8 = 1;
const TEXT: u8 = 2;
const COLOURED: u8 = 3;

/// The access log of the process.
#[derive(Debug)]
pub struct AccessLog(Arc<Shared>);

/// The end of the log that one worker writes to. Dropping it hands over what it holds.
#[derive(Debug)]
pub struct WorkerLog {
    shared: Arc<Shared>,
    index: usize,
    block: Block,
    stamp: Stamp,
}

/// Whole lines, on their way to the writer.
#[derive(Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    lines: u64,
    /// For people, who read them in order: when each exchange ended, since 1970, and where its line
    /// ends.
    ends: Vec<(Duration, usize)>,
}

/// What workers, writer and control side share.
#[derive(Debug)]
struct Shared {
    queue: ArrayQueue<Block>,
    spare: ArrayQueue<Vec<u8>>,
    /// What workers write.
    lines: AtomicU8,
    is_closing: AtomicBool,
    lines_written: AtomicU64,
    lines_dropped: AtomicU64,
    /// What the writer goes on with, once it has come back from its current write.
    next_output: Mutex<Option<File>>,
    writer: OnceLock<Thread>,
    writer_ended: (Mutex<bool>, Condvar),
}

impl AccessLog {
    /// Opens the target and starts the writer thread.
    ///
    /// # Errors
    /// When the file cannot be opened for appending, or the thread cannot be started.
    pub fn open(target: &AccessLogTarget, form: LineForm) -> io::Result<Arc<Self>> {
        Self::start(output::open(target)?, form)
    }

    fn start(output: Option<File>, form: LineForm) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Shared {
            queue: ArrayQueue::new(QUEUE_BLOCKS),
            spare: ArrayQueue::new(SPARE_BLOCKS),
            lines: AtomicU8::new(lines(output.is_some(), form)),
            is_closing: AtomicBool::new(false),
            lines_written: AtomicU64::new(0),
            lines_dropped: AtomicU64::new(0),
            next_output: Mutex::new(output),
            writer: OnceLock::new(),
            writer_ended: (Mutex::new(false), Condvar::new()),
        });
        let writer = output::Writer::new(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writer.run())?;
        shared.writer.set(thread.thread().clone()).expect("set once, here");
        Ok(Arc::new(Self(shared)))
    }

    /// The end that worker `index` writes to.
    #[must_use]
    pub fn worker(&self, index: usize) -> WorkerLog {
        WorkerLog {
            shared: Arc::clone(&self.0),
            index,
            block: Block::default(),
            stamp: Stamp::default(),
        }
    }

    /// Opens the target again, which may be another one: after a reload, or when the file was
    /// moved away. What is queued goes to the new one.
    ///
    /// # Errors
    /// When the file cannot be opened; the log then goes on where it was.
    pub fn reopen(&self, target: &AccessLogTarget, form: LineForm) -> io::Result<()> {
        let output = output::open(target)?;
        self.0.lines.store(lines(output.is_some(), form), Ordering::Relaxed);
        if output.is_some() {
            *self.0.next_output.lock().unwrap_or_else(PoisonError::into_inner) = output;
        }
        self.0.wake_writer();
        Ok(())
    }

    /// Lines handed to the system so far.
    #[must_use]
    pub fn lines_written(&self) -> u64 {
        self.0.lines_written.load(Ordering::Relaxed)
    }

    /// Lines lost so far, because the queue was full or the target refused them.
    #[must_use]
    pub fn lines_dropped(&self) -> u64 {
        self.0.lines_dropped.load(Ordering::Relaxed)
    }

    /// Adds the counts of lines to every scrape.
    pub fn expose(self: &Arc<Self>, metrics: &Metrics) {
        let log = Arc::clone(self);
        metrics.add_source(Box::new(move |sink| {
            sink.count(Metric::AccessLogLines, &["written"], log.lines_written());
            sink.count(Metric::AccessLogLines, &["dropped"], log.lines_dropped());
        }));
    }

    /// Writes out what workers have handed over and ends the writer. Blocks for at most
    /// `timeout`; false when that was not enough, as with a reader that has stalled.
    pub fn close(&self, timeout: Duration) -> bool {
        self.0.is_closing.store(true, Ordering::Release);
        self.0.wake_writer();
        let (ended, signal) = &self.0.writer_ended;
        let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        let (ended, _timeout) = signal
            .wait_timeout_while(ended, timeout, |ended| !*ended)
            .unwrap_or_else(PoisonError::into_inner);
        *ended
    }
}

impl Drop for AccessLog {
    /// Lets the writer thread end; without this every log ever opened would keep one.
    fn drop(&mut self) {
        self.0.is_closing.store(true, Ordering::Release);
        self.0.wake_writer();
    }
}

impl WorkerLog {
    /// Whether lines are written at all; when not, an entry need not be put together.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.shared.lines.load(Ordering::Relaxed) != OFF
    }

    /// Writes one line. Never waits: with the queue full the line is dropped and counted.
    pub fn write(&mut self, entry: &AccessEntry<'_>) {
        let lines = self.shared.lines.load(Ordering::Relaxed);
        if lines == OFF {
            return;
        }
        if self.block.bytes.len() >= BLOCK_BYTES && !self.hand_over() {
            self.shared.lines_dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.block.bytes.capacity() == 0 {
            self.block.bytes = self.shared.spare_buffer();
        }
        let out = &mut self.block.bytes;
        match lines {
            TEXT | COLOURED => {
                entry.print_for_people(lines == COLOURED, out);
                let began = entry.time.duration_since(UNIX_EPOCH).unwrap_or_default();
                self.block.ends.push((began.saturating_add(entry.timings.total), out.len()));
            }
            _ => entry.print(self.index, &mut self.stamp, out),
        }
        self.block.lines += 1;
    }

    /// Hands over a partly filled buffer. To be called a few times a second by every worker, so
    /// that no line waits for those that come after it.
    pub fn tick(&mut self) {
        if self.block.lines > 0 {
            self.hand_over();
        }
    }

    /// False when the queue is full; the lines then stay here.
    fn hand_over(&mut self) -> bool {
        // Looked at first because a failed push costs more than a look.
        if self.shared.queue.is_full() {
            return false;
        }
        match self.shared.queue.push(std::mem::take(&mut self.block)) {
            Ok(()) => {
                // The writer wakes by itself; only a burst is worth waking it for.
                if self.shared.queue.len() == QUEUE_BLOCKS / 2 {
                    self.shared.wake_writer();
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

impl Drop for WorkerLog {
    fn drop(&mut self) {
        if self.block.lines > 0 && !self.hand_over() {
            self.shared.lines_dropped.fetch_add(self.block.lines, Ordering::Relaxed);
        }
    }
}

/// What workers write, as a number.
const fn lines(is_enabled: bool, form: LineForm) -> u8 {
    match (is_enabled, form) {
        (false, _) => OFF,
        (true, LineForm::Json) => JSON,
        (true, LineForm::Text { is_coloured: false }) => TEXT,
        (true, LineForm::Text { is_coloured: true }) => COLOURED,
    }
}

impl Shared {
    fn spare_buffer(&self) -> Vec<u8> {
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK_BYTES_RESERVED))
    }

    fn wake_writer(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }
}

#[cfg(test)]
mod tests;
