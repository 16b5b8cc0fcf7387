//! The writer thread of the access log and what it writes to.
//!
//! It is the only thread that may be made to wait by a slow disk or a stalled reader.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use architrave_config::AccessLogTarget;

use super::ordered::Ordered;
use super::{BLOCK_BYTES_RESERVED, Block, OFF, Shared, WRITER_PAUSE};

/// A log names clients and what they asked for, so others on the machine may not read it.
const FILE_MODE: u32 = 0o640;

/// Opens a target; `None` when nothing is to be written.
pub(super) fn open(target: &AccessLogTarget) -> io::Result<Option<File>> {
    match target {
        AccessLogTarget::None => Ok(None),
        // Not `io::stdout()` itself: that has a lock and a line buffer of its own.
        AccessLogTarget::Stdout => Ok(Some(File::from(io::stdout().as_fd().try_clone_to_owned()?))),
        AccessLogTarget::File(path) => {
            OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path).map(Some)
        }
    }
}

/// The same while nothing is logged: workers may still hand over what they had.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// The state of the writer thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    output: Option<File>,
    ordered: Ordered,
    is_failing: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, output: None, ordered: Ordered::default(), is_failing: false }
    }

    pub(super) fn run(mut self) {
        loop {
            // Read before the queue is emptied: what was handed over before the log was closed
            // is then seen in this round.
            let is_closing = self.shared.is_closing.load(Ordering::Acquire);
            self.write_queued();
            let (lines, count) = self.ordered.due(is_closing);
            if count > 0 {
                self.write_lines(&lines, count);
            }
            if is_closing {
                break;
            }
            let is_enabled = self.shared.lines.load(Ordering::Relaxed) != OFF;
            std::thread::park_timeout(if is_enabled { WRITER_PAUSE } else { IDLE_PAUSE });
        }
        let (ended, signal) = &self.shared.writer_ended;
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        signal.notify_all();
    }

    fn write_queued(&mut self) {
        self.take_next_output();
        while let Some(block) = self.shared.queue.pop() {
            if block.ends.is_empty() {
                self.write_lines(&block.bytes, block.lines);
            } else {
                self.ordered.take(&block.bytes, &block.ends);
            }
            self.recycle(block);
            self.take_next_output();
        }
    }

    fn write_lines(&mut self, bytes: &[u8], lines: u64) {
        let counter = match self.write(bytes) {
            Ok(()) => &self.shared.lines_written,
            Err(error) => {
                self.complain(&error);
                &self.shared.lines_dropped
            }
        };
        counter.fetch_add(lines, Ordering::Relaxed);
    }

    fn take_next_output(&mut self) {
        let next = self.shared.next_output.lock().unwrap_or_else(PoisonError::into_inner).take();
        if next.is_some() {
            self.output = next;
            self.is_failing = false;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let output = self.output.as_mut().ok_or(ErrorKind::NotConnected)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            match output.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever started the process may have made its pipe non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::park_timeout(WRITER_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        self.is_failing = false;
        Ok(())
    }

    /// Once per run of failures: a full disk must not fill the log of the process as well.
    fn complain(&mut self, error: &io::Error) {
        if !self.is_failing {
            tracing::warn!(%error, "access log cannot be written, lines are dropped");
            self.is_failing = true;
        }
    }

    fn recycle(&self, block: Block) {
        let mut bytes = block.bytes;
        // A buffer that one huge line has grown is not kept.
        if bytes.capacity() <= 2 * BLOCK_BYTES_RESERVED {
            bytes.clear();
            let _dropped_when_enough_are_kept = self.shared.spare.push(bytes);
        }
    }
}
