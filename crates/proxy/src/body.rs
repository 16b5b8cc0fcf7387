//! The body of a request: bounded, counted, and kept for another attempt as long as it is short.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_core::{Clock, Moment};
use architrave_net::h1::Gone;
use architrave_net::{Fields, Reader, Source, WireError};
use architrave_telemetry::usage::{BodyRule, BodyStart};

/// The body of a request on its way to endpoints.
#[derive(Debug)]
pub(crate) struct RequestBody<'a> {
    reader: &'a mut Reader,
    /// What attempts before this one have taken from the reader, while it is not too long.
    kept: Vec<u8>,
    kept_bytes_max: usize,
    is_kept: bool,
    trailers: Option<Fields>,
    /// How much of `kept` this attempt has taken.
    replayed: usize,
    taken: u64,
    bytes_max: u64,
    /// By which its end is timed; where there is none to come, nothing is.
    clock: Option<&'a Clock>,
    ended_at: Option<Moment>,
    /// Its beginning, where the request log is to have it; boxed, as hardly anybody asks for it.
    noted: Option<Box<(Arc<BodyRule>, BodyStart)>>,
}

impl<'a> RequestBody<'a> {
    /// A body read from `reader`, refused beyond `bytes_max`, of which up to `kept_bytes_max`
    /// bytes are kept for other attempts (0: none are).
    #[must_use]
    pub(crate) fn new(
        reader: &'a mut Reader,
        bytes_max: Option<u64>,
        kept_bytes_max: usize,
        clock: Option<&'a Clock>,
    ) -> Self {
        Self {
            reader,
            kept: Vec::new(),
            kept_bytes_max,
            is_kept: true,
            trailers: None,
            replayed: 0,
            taken: 0,
            bytes_max: bytes_max.unwrap_or(u64::MAX),
            clock,
            ended_at: None,
            noted: None,
        }
    }

    /// Has its beginning noted for the request log.
    pub(crate) fn note(&mut self, rule: &Arc<BodyRule>, start: BodyStart) {
        self.noted = Some(Box::new((Arc::clone(rule), start)));
    }

    /// The beginning that was noted.
    pub(crate) fn take_noted(&mut self) -> Option<BodyStart> {
        self.noted.take().map(|noted| noted.1)
    }

    /// Whether another attempt can send the body from its beginning.
    #[must_use]
    pub(crate) const fn can_rewind(&self) -> bool {
        self.is_kept
    }

    /// Starts at the beginning again.
    pub(crate) fn rewind(&mut self) {
        self.replayed = 0;
    }

    /// Starts another limit that holds between two pieces of it.
    pub(crate) fn limit_stall(&mut self, limit: Duration) {
        self.reader.limit_stall(limit);
    }

    /// Whether the client has sent all of it.
    #[must_use]
    pub(crate) fn is_ended(&self) -> bool {
        self.reader.is_ended()
    }

    /// When all of it was read, if it was timed.
    #[must_use]
    pub(crate) const fn ended_at(&self) -> Option<Moment> {
        self.ended_at
    }

    /// What was taken so far, when all of it was kept.
    #[must_use]
    pub(crate) fn kept(&self) -> Option<&[u8]> {
        self.is_kept.then_some(&self.kept)
    }

    fn keep(&mut self, count: usize) {
        if !self.is_kept {
            return;
        }
        if self.kept.len() + count > self.kept_bytes_max {
            self.is_kept = false;
            self.kept = Vec::new();
            self.replayed = 0;
        } else {
            self.kept.extend_from_slice(&self.reader.data()[..count]);
            self.replayed = self.kept.len();
        }
    }
}

impl Source for RequestBody<'_> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if self.replayed < self.kept.len() {
            return Poll::Ready(Ok(true));
        }
        let filled = self.reader.poll_fill(context);
        if self.taken + self.reader.data().len() as u64 > self.bytes_max {
            return Poll::Ready(Err(WireError::TooLarge));
        }
        if let Poll::Ready(Ok(false)) = filled
            && let Some(clock) = self.clock.take()
        {
            self.ended_at = Some(clock.now());
        }
        filled
    }

    fn data(&self) -> &[u8] {
        if self.replayed < self.kept.len() {
            &self.kept[self.replayed..]
        } else {
            self.reader.data()
        }
    }

    fn consume(&mut self, count: usize) {
        if self.replayed < self.kept.len() {
            self.replayed += count;
            return;
        }
        self.keep(count);
        if let Some(noted) = &mut self.noted {
            let (rule, start) = &mut **noted;
            rule.take(start, &self.reader.data()[..count]);
        }
        self.taken += count as u64;
        self.reader.consume(count);
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        if let Some(trailers) = self.reader.take_trailers() {
            self.trailers = Some(trailers);
        }
        self.trailers.clone()
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        self.reader.poll_gone(context)
    }
}

/// A body whose beginning is noted for the request log as it goes by.
#[derive(Debug)]
pub(crate) struct NotedBody<'a, S> {
    /// The body.
    pub source: &'a mut S,
    /// What is noted of it.
    pub rule: &'a BodyRule,
    /// Where.
    pub start: &'a mut BodyStart,
}

impl<S: Source> Source for NotedBody<'_, S> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        self.source.poll_fill(context)
    }

    fn data(&self) -> &[u8] {
        self.source.data()
    }

    fn consume(&mut self, count: usize) {
        self.rule.take(self.start, &self.source.data()[..count]);
        self.source.consume(count);
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        self.source.take_trailers()
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        self.source.poll_gone(context)
    }
}

/// No body at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoBody;

impl Source for NoBody {
    fn poll_fill(&mut self, _context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        Poll::Ready(Ok(false))
    }

    fn data(&self) -> &[u8] {
        &[]
    }

    fn consume(&mut self, _count: usize) {}

    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }
}

/// A body that lies in memory, whole.
#[derive(Debug)]
pub(crate) struct KeptBody {
    bytes: Vec<u8>,
    taken: usize,
}

impl KeptBody {
    /// A body of these bytes.
    #[must_use]
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, taken: 0 }
    }

    /// Its length in bytes.
    #[must_use]
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl Source for KeptBody {
    fn poll_fill(&mut self, _context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        Poll::Ready(Ok(self.taken < self.bytes.len()))
    }

    fn data(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }
}
