//! The body of a request: bounded, counted, and kept for another attempt as long as it is short.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use architrave_core::{Clock, Moment};
use architrave_net::h1::Gone;
use architrave_net::{Fields, Framing, PaceLimits, Reader, Source, WireError};
use architrave_telemetry::usage::{BodyRule, BodyStart};

use crate::attempt::FOREVER;
use crate::queue::Arriving;

/// A request of whose body so much is there has arrived: most bodies are shorter, and whoever has
/// sent as much has shown that it means to send.
const ARRIVED_BYTES: usize = 16 * 1024;

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
    /// Whether no attempt has taken a byte.
    is_untouched: bool,
    /// How slowly it may come, from its first byte on.
    pace: Option<PaceLimits>,
    /// Leave to be sent before it has arrived.
    arriving: Option<Arriving>,
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
            is_untouched: true,
            pace: None,
            arriving: None,
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

    /// Starts the limits on how slowly it may come; from its first byte on where the client
    /// `waits_for_leave`, which is the endpoint's to give.
    pub(crate) fn limit_pace(&mut self, pace: PaceLimits, waits_for_leave: bool) {
        if waits_for_leave {
            self.pace = Some(pace);
        } else {
            self.reader.limit_pace(pace);
        }
    }

    /// Whether so much of it has come that nobody need wait for its sender, as far as that is known
    /// without waiting.
    pub(crate) async fn has_arrived(&mut self, framing: Framing) -> Result<bool, WireError> {
        poll_fn(|context| {
            Poll::Ready(match self.poll_fill(context) {
                Poll::Ready(Ok(true)) => Ok(self.data().len() >= arrived_bytes(framing)),
                Poll::Ready(Ok(false)) => Ok(true),
                Poll::Ready(Err(error)) => Err(error),
                Poll::Pending => Ok(false),
            })
        })
        .await
    }

    /// Gives it leave to be sent before it has arrived.
    pub(crate) fn go_on_arriving(&mut self, leave: Arriving) {
        self.arriving = Some(leave);
    }

    /// Waits until it has arrived. What was read is kept for the first attempt, and for others as
    /// long as it is short enough.
    pub(crate) async fn arrive(&mut self, framing: Framing) -> Result<(), WireError> {
        let arrived_bytes = arrived_bytes(framing);
        while self.kept.len() < arrived_bytes {
            if !poll_fn(|context| self.poll_more(context)).await? {
                break;
            }
            let data = self.reader.data();
            self.kept.extend_from_slice(data);
            let count = data.len();
            self.note_taken(count);
            self.reader.consume(count);
        }
        self.is_kept = self.kept.len() <= self.kept_bytes_max;
        Ok(())
    }

    /// Says that the answer has begun: from here on the two sides fall silent as they please, and
    /// that the response gets on is what counts.
    pub(crate) fn answer_began(&mut self) {
        self.arriving = None;
        self.pace = None;
        self.reader.limit_stall(FOREVER);
    }

    /// Whether another attempt can send the body from its beginning.
    #[must_use]
    pub(crate) const fn can_rewind(&self) -> bool {
        self.is_kept || self.is_untouched
    }

    /// Starts at the beginning again.
    pub(crate) fn rewind(&mut self) {
        self.replayed = 0;
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

/// How much of a body must be there for it to have arrived.
fn arrived_bytes(framing: Framing) -> usize {
    match framing {
        Framing::Empty => 0,
        Framing::Length(length) => {
            usize::try_from(length).unwrap_or(ARRIVED_BYTES).min(ARRIVED_BYTES)
        }
        Framing::Chunked | Framing::UntilClose => ARRIVED_BYTES,
    }
}

impl RequestBody<'_> {
    /// Takes so many of the bytes at hand into account, as they go by.
    fn note_taken(&mut self, count: usize) {
        if let Some(noted) = &mut self.noted {
            let (rule, start) = &mut **noted;
            rule.take(start, &self.reader.data()[..count]);
        }
        self.taken += count as u64;
    }

    /// Has the reader hold bytes that nobody has taken. `false`: there are no more.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        let filled = self.reader.poll_fill(context);
        if self.taken + self.reader.data().len() as u64 > self.bytes_max {
            return Poll::Ready(Err(WireError::TooLarge));
        }
        match filled {
            Poll::Ready(Ok(true)) => {
                if let Some(pace) = self.pace.take() {
                    self.reader.limit_pace(pace);
                }
            }
            Poll::Ready(Ok(false)) => {
                self.arriving = None;
                if let Some(clock) = self.clock.take() {
                    self.ended_at = Some(clock.now());
                }
            }
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
        filled
    }
}

impl Source for RequestBody<'_> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if self.replayed < self.kept.len() {
            return Poll::Ready(Ok(true));
        }
        self.poll_more(context)
    }

    fn data(&self) -> &[u8] {
        if self.replayed < self.kept.len() {
            &self.kept[self.replayed..]
        } else {
            self.reader.data()
        }
    }

    fn consume(&mut self, count: usize) {
        self.is_untouched = false;
        if self.replayed < self.kept.len() {
            self.replayed += count;
            if self.replayed == self.kept.len() && !self.is_kept {
                self.kept = Vec::new();
                self.replayed = 0;
            }
            return;
        }
        self.keep(count);
        self.note_taken(count);
        if self.taken >= ARRIVED_BYTES as u64 {
            self.arriving = None;
        }
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
