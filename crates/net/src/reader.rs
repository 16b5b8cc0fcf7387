//! Where a body comes from: the reading half of a connection or stream, whatever is spoken there.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::fields::Fields;
use crate::h1::{Gone, H1Reader};
use crate::http2::H2Reader;
use crate::pace::PaceLimits;
use crate::wire_error::WireError;

/// The reading half.
#[derive(Debug)]
pub enum Reader {
    /// Of an HTTP/1.1 connection.
    H1(Box<H1Reader>),
    /// Of an HTTP/2 stream.
    H2(Box<H2Reader>),
}

impl Reader {
    /// What comes from now on is no longer HTTP: all of it is read as if it were one body. Streams of
    /// HTTP/2 do not switch.
    pub fn switch(&mut self) {
        if let Self::H1(reader) = self {
            reader.switch();
        }
    }

    /// Starts the limit that holds between two pieces of the body.
    pub fn limit_stall(&mut self, limit: Duration) {
        match self {
            Self::H1(reader) => reader.limit_stall(limit),
            Self::H2(reader) => reader.limit_stall(limit),
        }
    }

    /// Starts the limits on how slowly the body may come; those that were started before are over.
    pub fn limit_pace(&mut self, limits: PaceLimits) {
        match self {
            Self::H1(reader) => reader.limit_pace(limits),
            Self::H2(reader) => reader.limit_pace(limits),
        }
    }

    /// Makes sure that [`Reader::data`] holds body bytes. `Ok(false)`: the body is over.
    ///
    /// # Errors
    /// Any [`WireError`].
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        match self {
            Self::H1(reader) => reader.poll_fill(context),
            Self::H2(reader) => reader.poll_fill(context),
        }
    }

    /// [`Reader::poll_fill`] as a future.
    ///
    /// # Errors
    /// Any [`WireError`].
    pub async fn fill(&mut self) -> Result<bool, WireError> {
        poll_fn(|context| self.poll_fill(context)).await
    }

    /// Moves body bytes to the end of `into`, `most` at most and more than none; how many. 0: the
    /// body is over.
    ///
    /// # Errors
    /// Any [`WireError`].
    pub async fn take(&mut self, into: &mut Vec<u8>, most: usize) -> Result<usize, WireError> {
        poll_fn(|context| match self {
            Self::H1(reader) => reader.poll_take(context, into, most),
            Self::H2(reader) => reader.poll_take(context, into, most),
        })
        .await
    }

    /// Body bytes at hand.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        match self {
            Self::H1(reader) => reader.data(),
            Self::H2(reader) => reader.data(),
        }
    }

    /// Marks body bytes as used.
    pub fn consume(&mut self, count: usize) {
        match self {
            Self::H1(reader) => reader.consume(count),
            Self::H2(reader) => reader.consume(count),
        }
    }

    /// Whether the body is read to its end.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        match self {
            Self::H1(reader) => reader.is_ended(),
            Self::H2(reader) => reader.is_ended(),
        }
    }

    /// Looks out for the other side going away while it is our turn to speak. Streams of HTTP/2
    /// tell that to their writing half.
    pub fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        match self {
            Self::H1(reader) => reader.poll_gone(context),
            Self::H2(_) => Poll::Pending,
        }
    }

    /// The trailers of the body that has ended, once.
    pub fn take_trailers(&mut self) -> Option<Fields> {
        match self {
            Self::H1(reader) => reader.take_trailers(),
            Self::H2(reader) => reader.take_trailers(),
        }
    }
}
