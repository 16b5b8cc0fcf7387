//! The reading half of one HTTP/2 stream.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::fields::Fields;
use crate::http2::convert::read_trailers;
use crate::timer::Timer;
use crate::wire_error::WireError;

/// Reads one body.
#[derive(Debug)]
pub struct H2Reader {
    stream: h2::RecvStream,
    data: Bytes,
    trailers: Option<Fields>,
    is_ended: bool,
    timer: Timer,
}

impl H2Reader {
    /// Reads from `stream`.
    #[must_use]
    pub fn new(stream: h2::RecvStream) -> Self {
        let is_ended = stream.is_end_stream();
        let (data, timer) = (Bytes::new(), Timer::new());
        Self { stream, data, trailers: None, is_ended, timer }
    }

    /// Starts the limit that holds between two pieces of the body.
    pub fn limit_stall(&mut self, limit: Duration) {
        self.timer.start(limit);
    }

    /// Makes sure that [`H2Reader::data`] holds body bytes. `Ok(false)`: the body is over.
    ///
    /// # Errors
    /// [`WireError::H2`], [`WireError::Stalled`].
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        while self.data.is_empty() {
            if self.is_ended {
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
                    return self.timer.poll_elapsed(context).map(|()| Err(WireError::Stalled));
                }
            }
            self.timer.restart();
        }
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
