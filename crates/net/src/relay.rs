//! Moves one body from a reader to a writer, piece by piece, never faster than it is taken.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use crate::fields::Fields;
use crate::h1::Gone;
use crate::reader::Reader;
use crate::wire_error::WireError;
use crate::writer::Writer;

/// What a relay reads from: a [`Reader`], or something that watches over one.
pub trait Source {
    /// Makes sure that [`Source::data`] holds body bytes. `Ok(false)`: the body is over.
    ///
    /// # Errors
    /// Any [`WireError`].
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>>;
    /// Body bytes at hand.
    fn data(&self) -> &[u8];
    /// Marks body bytes as used.
    fn consume(&mut self, count: usize);
    /// The trailers of the body that has ended, once.
    fn take_trailers(&mut self) -> Option<Fields>;
    /// Looks out for the sender going away after its body; pending when nobody can tell.
    fn poll_gone(&mut self, _context: &mut Context<'_>) -> Poll<Gone> {
        Poll::Pending
    }
}

impl Source for Reader {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        Self::poll_fill(self, context)
    }

    fn data(&self) -> &[u8] {
        Self::data(self)
    }

    fn consume(&mut self, count: usize) {
        Self::consume(self, count);
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        Self::take_trailers(self)
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        Self::poll_gone(self, context)
    }
}

/// Which end of a relay failed.
#[derive(Debug)]
pub enum RelayError {
    /// The sender of the body.
    Source(WireError),
    /// The receiver.
    Sink(WireError),
}

/// A body that has moved so many bytes at once lets the other exchanges of its worker have a turn.
const TURN_BYTES: u64 = 128 * 1024;

/// Goes on when everybody else, and what has come from outside meanwhile, has had a turn.
fn pause<T>(context: &mut Context<'_>) -> Poll<T> {
    let once = pin!(tokio::task::yield_now());
    let _pending = once.poll(context);
    Poll::Pending
}

/// The progress of one body.
#[derive(Debug, Default)]
pub struct Relay {
    moved: u64,
    is_finished: bool,
    is_done: bool,
}

impl Relay {
    /// Body bytes taken by the writer so far.
    #[must_use]
    pub const fn moved(&self) -> u64 {
        self.moved
    }

    /// Whether the whole body has been handed over and flushed.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Moves what can be moved; ready when the body is over and flushed.
    ///
    /// # Errors
    /// [`RelayError`], saying which end failed.
    pub fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut impl Source,
        to: &mut Writer,
    ) -> Poll<Result<(), RelayError>> {
        let turn_ends = self.moved + TURN_BYTES;
        while !self.is_finished {
            match from.poll_fill(context) {
                Poll::Ready(Ok(true)) => {
                    if self.moved >= turn_ends {
                        return pause(context);
                    }
                    let piece = from.data();
                    // One call of the system would copy megabytes, where there is room for them.
                    let piece = &piece[..piece.len().min(TURN_BYTES as usize)];
                    let count = match ready!(to.poll_write(context, piece)) {
                        Ok(count) => count,
                        Err(error) => return Poll::Ready(Err(RelayError::Sink(error))),
                    };
                    from.consume(count);
                    self.moved += count as u64;
                }
                Poll::Ready(Ok(false)) => {
                    let trailers = from.take_trailers();
                    to.finish(trailers.as_ref()).map_err(RelayError::Sink)?;
                    self.is_finished = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(RelayError::Source(error))),
                Poll::Pending => {
                    // Nothing more comes for now: what was gathered must not wait for it.
                    if let Poll::Ready(Err(error)) = to.poll_flush(context) {
                        return Poll::Ready(Err(RelayError::Sink(error)));
                    }
                    return Poll::Pending;
                }
            }
        }
        ready!(to.poll_flush(context)).map_err(RelayError::Sink)?;
        self.is_done = true;
        Poll::Ready(Ok(()))
    }
}
