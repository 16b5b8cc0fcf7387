//! Lines of our own log on their way to standard error: through a bounded queue to one thread. Whoever
//! logs never waits; what there is no room for, and what cannot be written, is dropped and counted.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use architrave_core::metric::Metric;
use architrave_telemetry::Metrics;

/// Lines that may wait: more than a start or a reload says at once.
const LINES_MAX: usize = 1024;

/// What they may hold together, as one line may be long.
const BYTES_MAX: usize = 4 * 1024 * 1024;

static LINES: OnceLock<Lines> = OnceLock::new();

/// The end that is logged to; there is one for the process.
pub(super) struct Lines {
    queue: SyncSender<Piece>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting_bytes: AtomicUsize,
    written: AtomicU64,
    dropped: AtomicU64,
}

enum Piece {
    Line(Box<[u8]>),
    /// Everything before it has been written, or dropped.
    Mark(SyncSender<()>),
}

impl Lines {
    /// Starts the thread that writes to standard error.
    ///
    /// # Errors
    /// When the system gives no thread or no second handle of standard error.
    pub(super) fn start() -> io::Result<()> {
        // A handle of its own: the library's is under a lock, and who waited for that would wait for
        // the reader of the log.
        let output = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let lines = Self::to(output)?;
        // Logging is started once.
        let _first = LINES.set(lines);
        Ok(())
    }

    fn to(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, pieces) = sync_channel(LINES_MAX);
        let counts = Arc::new(Counts::default());
        let of_thread = Arc::clone(&counts);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&pieces, output, &of_thread))?;
        Ok(Self { queue, counts })
    }

    /// Hands a line over, or drops and counts it. Never waits.
    fn add(&self, line: &[u8]) {
        let counts = &self.counts;
        let waiting = counts.waiting_bytes.fetch_add(line.len(), Ordering::Relaxed);
        let has_room = waiting.saturating_add(line.len()) <= BYTES_MAX;
        if !has_room || self.queue.try_send(Piece::Line(line.into())).is_err() {
            counts.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
            counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until what was logged is written, for at most `patience`; not at all with a reader so slow
    /// that no more lines are taken.
    fn flush(&self, patience: Duration) {
        let (mark, reached) = sync_channel(1);
        if self.queue.try_send(Piece::Mark(mark)).is_ok() {
            let _too_slow = reached.recv_timeout(patience);
        }
    }
}

/// Writes lines for as long as there is somebody to log.
fn write_all(pieces: &Receiver<Piece>, mut output: impl Write, counts: &Counts) {
    let mut told = 0;
    let mut is_torn = false;
    while let Ok(piece) = pieces.recv() {
        let line = match piece {
            Piece::Line(line) => line,
            Piece::Mark(mark) => {
                let _nobody_waits = mark.try_send(());
                continue;
            }
        };
        // A line of which only the beginning fitted is not to swallow the beginning of the next.
        let begun = if is_torn { output.write_all(b"\n") } else { Ok(()) };
        let is_written = begun.and_then(|()| output.write_all(&line)).is_ok();
        counts.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
        is_torn = !is_written;
        if !is_written {
            counts.dropped.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        counts.written.fetch_add(1, Ordering::Relaxed);
        let dropped = counts.dropped.load(Ordering::Relaxed);
        if dropped > told {
            let lines = dropped - told;
            told = dropped;
            // By the same way as every line, so that it looks like one.
            tracing::warn!(
                lines,
                "lines of this log were dropped: it could not be written as fast"
            );
        }
    }
}

/// Takes one line of the log at a time, as the library writes them.
pub(super) struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        tell(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says something on standard error, behind what was logged before.
pub(super) fn tell(text: &[u8]) {
    if let Some(lines) = LINES.get() {
        lines.add(text);
    }
}

/// Waits for at most `patience` until what was said is written.
pub(super) fn flush(patience: Duration) {
    if let Some(lines) = LINES.get() {
        lines.flush(patience);
    }
}

/// Adds the counts of lines to every scrape.
pub(super) fn expose(metrics: &Metrics) {
    metrics.add_source(Box::new(|sink| {
        let Some(Lines { counts, .. }) = LINES.get() else { return };
        let (written, dropped) = (&counts.written, &counts.dropped);
        sink.count(Metric::LogLines, &["written"], written.load(Ordering::Relaxed));
        sink.count(Metric::LogLines, &["dropped"], dropped.load(Ordering::Relaxed));
    }));
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_reader_that_reads_nothing_holds_up_nobody_and_what_is_lost_is_counted() {
        let (mut reader, writer) = io::pipe().unwrap();
        let lines = Lines::to(writer).unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        let said = 3 * LINES_MAX;
        (0..said).for_each(|_| lines.add(&line));
        lines.flush(Duration::from_millis(1));
        let dropped = usize::try_from(lines.counts.dropped.load(Ordering::Relaxed)).unwrap();
        assert!(dropped >= LINES_MAX && dropped < said, "{dropped}");
        drop(lines);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), (said - dropped) * line.len(), "what was taken arrives whole");
    }

    #[test]
    fn lines_are_bounded_by_what_they_hold_together() {
        let (reader, writer) = io::pipe().unwrap();
        let lines = Lines::to(writer).unwrap();
        let line = vec![b'x'; BYTES_MAX / 2];
        (0..4).for_each(|_| lines.add(&line));
        assert_eq!(lines.counts.dropped.load(Ordering::Relaxed), 2);
        drop(reader);
    }

    #[test]
    fn what_cannot_be_written_is_dropped_and_the_next_line_stands_by_itself() {
        struct Full(SyncSender<Vec<u8>>, u32);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                if self.1 == 2 {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                let taken = if self.1 == 1 { 2 } else { bytes.len() };
                self.0.try_send(bytes[..taken].to_vec()).unwrap();
                Ok(taken)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (taken, written) = sync_channel(16);
        let lines = Lines::to(Full(taken, 0)).unwrap();
        lines.add(b"one\n");
        lines.add(b"two\n");
        lines.flush(Duration::from_secs(10));
        assert_eq!(written.try_iter().collect::<Vec<_>>().concat(), b"on\ntwo\n");
        assert_eq!(lines.counts.dropped.load(Ordering::Relaxed), 1);
        assert_eq!(lines.counts.written.load(Ordering::Relaxed), 1);
    }
}
