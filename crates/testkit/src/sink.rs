//! Lines that another process writes, kept as they come.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::wait::{Gate, eventually};

/// The lines of one stream. Clones share them.
#[derive(Clone, Debug)]
pub struct Sink {
    lines: Arc<Mutex<Vec<String>>>,
    reading: Gate,
}

impl Sink {
    /// Reads a stream to its end in a thread of its own.
    #[must_use]
    pub fn read(stream: impl Read + Send + 'static) -> Self {
        let sink = Self::hold(stream);
        sink.reading.open();
        sink
    }

    /// The same, but not one byte is read before [`Sink::resume`]: a stalled reader.
    #[must_use]
    pub fn hold(stream: impl Read + Send + 'static) -> Self {
        let sink = Self { lines: Arc::default(), reading: Gate::new() };
        let (lines, reading) = (Arc::clone(&sink.lines), sink.reading.clone());
        thread::spawn(move || {
            reading.pass();
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                line.clear();
            }
        });
        sink
    }

    /// Begins to read.
    pub fn resume(&self) {
        self.reading.open();
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many lines there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits for a line, from the `from`th on, that `pick` takes.
    ///
    /// # Panics
    /// When none comes within `within`.
    #[track_caller]
    pub fn wait_for<T>(
        &self,
        what: &str,
        from: usize,
        within: Duration,
        pick: impl Fn(&str) -> Option<T>,
    ) -> T {
        eventually(what, within, || self.lines().iter().skip(from).find_map(|line| pick(line)))
    }
}
