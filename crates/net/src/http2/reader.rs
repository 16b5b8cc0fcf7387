//! The reading half of one HTTP/2 stream.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::fields::Fields;
use crate::http2::convert::read_trailers;
use crate::http2::settings::UNTAKEN_BESIDE_MAX;
use crate::pace::{PaceLimits, Patience};
use crate::wire_error::WireError;

/// How many bodies of one connection are not taken at the moment: all streams share one window, so
/// what nobody takes of several may be why nothing comes of another.
#[derive(Clone, Debug, Default)]
pub struct Untaken(Rc<Cell<usize>>);

/// Reads one body.
#[derive(Debug)]
pub struct H2Reader {
    stream: h2::RecvStream,
    data: Bytes,
    trailers: Option<Fields>,
    is_ended: bool,
    patience: Patience,
    untaken: Option<Untaken>,
    /// Whether this body is counted there.
    is_untaken: bool,
}

impl H2Reader {
    /// Reads from `stream`.
    #[must_use]
    pub fn new(stream: h2::RecvStream) -> Self {
        let is_ended = stream.is_end_stream();
        Self {
            stream,
            data: Bytes::new(),
            trailers: None,
            is_ended,
            patience: Patience::new(),
            untaken: None,
            is_untaken: false,
        }
    }

    /// Reads from `stream`, one of a connection whose other bodies may be in its way.
    #[must_use]
    pub fn beside(stream: h2::RecvStream, untaken: &Untaken) -> Self {
        let mut reader = Self::new(stream);
        if !reader.is_ended {
            reader.untaken = Some(untaken.clone());
            reader.count_untaken(true);
        }
        reader
    }

    fn count_untaken(&mut self, is_untaken: bool) {
        let Some(Untaken(count)) = &self.untaken else { return };
        match (self.is_untaken, is_untaken) {
            (false, true) => count.set(count.get() + 1),
            (true, false) => count.set(count.get() - 1),
            (true, true) | (false, false) => {}
        }
        self.is_untaken = is_untaken;
    }

    /// Starts the limit that holds between two pieces of the body.
    pub fn limit_stall(&mut self, limit: Duration) {
        self.patience.limit_stall(limit);
    }

    /// Starts the limits on how slowly the body may come.
    pub fn limit_pace(&mut self, limits: PaceLimits) {
        self.patience.limit_pace(limits);
    }

    /// Makes sure that [`H2Reader::data`] holds body bytes. `Ok(false)`: the body is over.
    ///
    /// # Errors
    /// [`WireError::H2`], [`WireError::Stalled`], [`WireError::TooSlow`].
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        while self.data.is_empty() {
            if self.is_ended {
                self.count_untaken(false);
                return Poll::Ready(Ok(false));
            }
            match self.stream.poll_data(context) {
                Poll::Ready(Some(data)) => self.data = data?,
                Poll::Ready(None) => {
                    let trailers = ready!(self.stream.poll_trailers(context))?;
                    self.trailers = trailers.as_ref().and_then(read_trailers);
                    self.is_ended = true;
                }
                Poll::Pending => {
                    self.count_untaken(false);
                    let is_held_up = self
                        .untaken
                        .as_ref()
                        .is_some_and(|others| others.0.get() > UNTAKEN_BESIDE_MAX);
                    return self.patience.poll_late(context, is_held_up).map(Err);
                }
            }
            self.patience.moved(self.data.len());
        }
        self.count_untaken(true);
        Poll::Ready(Ok(true))
    }

    /// Moves body bytes to the end of `into`, `most` at most and more than none; how many. 0: the
    /// body is over.
    ///
    /// # Errors
    /// As [`H2Reader::poll_fill`].
    pub fn poll_take(
        &mut self,
        context: &mut Context<'_>,
        into: &mut Vec<u8>,
        most: usize,
    ) -> Poll<Result<usize, WireError>> {
        if !ready!(self.poll_fill(context))? {
            return Poll::Ready(Ok(0));
        }
        let count = self.data.len().min(most);
        into.extend_from_slice(&self.data[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }

    /// Body bytes at hand.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Marks body bytes as used, and lets the sender send as many more.
    pub fn consume(&mut self, count: usize) {
        self.data.advance(count);
        // Fails only when the stream is closed, and then no more is to be received.
        let _closed = self.stream.flow_control().release_capacity(count);
    }

    /// Whether the body is read to its end.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.is_ended && self.data.is_empty()
    }

    /// The trailers of the body that has ended, once.
    pub fn take_trailers(&mut self) -> Option<Fields> {
        self.trailers.take()
    }
}

impl Drop for H2Reader {
    fn drop(&mut self) {
        self.count_untaken(false);
    }
}
