//! The writing half of one HTTP/2 stream, in either role.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::fields::Fields;
use crate::http2::convert::write_trailers;
use crate::message::Framing;
use crate::timer::Timer;
use crate::wire_error::WireError;

/// The largest piece handed to a stream at once, in bytes.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// Writes one body.
#[derive(Debug)]
pub struct H2Writer {
    stream: h2::SendStream<Bytes>,
    framing: Framing,
    left: u64,
    timer: Timer,
}

impl H2Writer {
    /// Writes to `stream`, whose head has been sent and declared `framing`.
    #[must_use]
    pub fn new(stream: h2::SendStream<Bytes>, framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        Self { stream, framing, left, timer: Timer::new() }
    }

    /// Starts the limit that holds while nothing is taken by the other side.
    pub fn limit_stall(&mut self, limit: Duration) {
        self.timer.start(limit);
    }

    /// Takes some of `data` into the body; how many bytes were taken: as many as flow control lets
    /// go. They may still wait in memory, up to the size of the send buffer, and `h2` does not say
    /// how many of them have left.
    ///
    /// # Errors
    /// [`WireError::LengthMismatch`] beyond the declared length, [`WireError::Stalled`],
    /// [`WireError::H2`] when the stream was reset.
    pub fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, WireError>> {
        let has_length = matches!(self.framing, Framing::Length(_));
        if self.framing == Framing::Empty || (has_length && data.len() as u64 > self.left) {
            return Poll::Ready(Err(WireError::LengthMismatch));
        }
        let wanted = data.len().min(PIECE_BYTES_MAX);
        if self.stream.capacity() == 0 {
            self.stream.reserve_capacity(wanted);
            ready!(self.poll_capacity(context))?;
        } else {
            self.stream.reserve_capacity(wanted);
        }
        let count = self.stream.capacity().min(wanted);
        self.left = self.left.saturating_sub(count as u64);
        let is_last = has_length && self.left == 0;
        self.stream.send_data(Bytes::copy_from_slice(&data[..count]), is_last)?;
        if is_last {
            self.framing = Framing::Empty;
        }
        self.timer.restart();
        Poll::Ready(Ok(count))
    }

    fn poll_capacity(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        loop {
            match self.stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(0))) => {}
                Poll::Ready(Some(Ok(_))) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error.into())),
                Poll::Ready(None) => return Poll::Ready(Err(WireError::Closed)),
                Poll::Pending => {
                    return self.timer.poll_elapsed(context).map(|()| Err(WireError::Stalled));
                }
            }
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`WireError::LengthMismatch`] when less was written than was declared; [`WireError::H2`].
    pub fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), WireError> {
        match self.framing {
            Framing::Empty => return Ok(()),
            Framing::Length(_) if self.left > 0 => {
                self.reset(h2::Reason::INTERNAL_ERROR);
                return Err(WireError::LengthMismatch);
            }
            Framing::Length(_) | Framing::Chunked | Framing::UntilClose => {}
        }
        self.framing = Framing::Empty;
        match trailers {
            Some(trailers) if !trailers.is_empty() => {
                self.stream.send_trailers(write_trailers(trailers))?;
            }
            _ => self.stream.send_data(Bytes::new(), true)?,
        }
        Ok(())
    }

    /// Gives the stream up.
    pub fn reset(&mut self, reason: h2::Reason) {
        self.framing = Framing::Empty;
        self.stream.send_reset(reason);
    }

    /// Ready when the other side has given the stream up.
    pub fn poll_reset(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_reset(context).map(|_reason| ())
    }
}
