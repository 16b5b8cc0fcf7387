//! One direction of a relay: copies while a flow is short, splices once it is long.
//!
//! Whatever is read is written in the same breath, through memory that all relays of a worker
//! share. Only what the receiver does not take at once is kept, by the lane itself or in a pipe.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::buffer::Buffer;
use crate::splice::Splice;
use crate::stream::Stream;

/// The memory that a worker copies through, in bytes: large pieces mean few system calls and,
/// over loopback, a quarter less time than pieces of 64 KiB.
const SCRATCH_BYTES: usize = 256 << 10;

/// The smallest piece asked for, in bytes. A lane whose receiver is slow reads small pieces, as
/// it has to keep what is not taken.
const PIECE_BYTES_MIN: usize = 16 << 10;

/// Once a lane has moved so many bytes it splices: by then the flow has shown to be no dialogue,
/// and splicing saves more than a pipe costs.
pub(super) const SPLICE_FROM_BYTES: u64 = 128 << 10;

/// A lane that has moved so many bytes at once lets others have a turn.
const TURN_BYTES: u64 = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One direction.
#[derive(Debug)]
pub(super) struct Lane {
    /// Read and not yet written.
    kept: Buffer,
    splice: Splice,
    piece_bytes: usize,
    /// From how many bytes on splicing is tried.
    splice_from: u64,
    moved: u64,
    is_read: bool,
    is_closed: bool,
    /// The receiver takes no more; what comes is thrown away.
    is_discarding: bool,
}

/// Which end of a lane failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SourceFailed;

impl Default for Lane {
    fn default() -> Self {
        Self {
            kept: Buffer::new(),
            splice: Splice::new(),
            piece_bytes: SCRATCH_BYTES,
            splice_from: SPLICE_FROM_BYTES,
            moved: 0,
            is_read: false,
            is_closed: false,
            is_discarding: false,
        }
    }
}

impl Lane {
    /// Bytes that the receiver has taken.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    /// Whether the receiver failed, and all that comes is thrown away.
    pub(super) const fn is_discarding(&self) -> bool {
        self.is_discarding
    }

    /// Moves what can be moved; ready when the source has ended and the receiver has been told.
    ///
    /// A receiver that fails does not end the lane: it may have said something before it went,
    /// which the other lane has still to bring over.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
    ) -> Poll<Result<(), SourceFailed>> {
        let turn_ends = self.moved + TURN_BYTES;
        while !self.is_closed {
            if self.is_discarding {
                self.is_closed = self.is_read || ready!(self.poll_discard(context, from))?;
                continue;
            }
            ready!(self.poll_write_kept(context, to));
            if self.is_discarding {
                continue;
            }
            if self.is_read {
                self.is_discarding = ready!(Pin::new(&mut *to).poll_shutdown(context)).is_err();
                self.is_closed = true;
                break;
            }
            if self.moved >= turn_ends {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Some(source) = self.spliceable(from, to) {
                ready!(self.poll_splice(context, source))?;
            } else {
                ready!(self.poll_copy(context, from, to))?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The source, when bytes are to be spliced from now on.
    fn spliceable<'a>(&mut self, from: &'a Stream, to: &Stream) -> Option<&'a TcpStream> {
        if self.moved < self.splice_from {
            return None;
        }
        let (source, _sink) = (from.bare_tcp()?, to.bare_tcp()?);
        if self.splice.prepare() {
            self.kept.release();
            return Some(source);
        }
        // Not now, and not at every turn: asking in vain costs system calls.
        self.splice_from = self.moved + TURN_BYTES;
        None
    }

    fn poll_splice(
        &mut self,
        context: &mut Context<'_>,
        from: &TcpStream,
    ) -> Poll<Result<(), SourceFailed>> {
        let taken = ready!(self.splice.poll_take(context, from, usize::MAX));
        self.is_read = taken.map_err(|_gone| SourceFailed)? == 0;
        Poll::Ready(Ok(()))
    }

    /// Reads once and writes as much of it as the receiver takes.
    fn poll_copy(
        &mut self,
        context: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
    ) -> Poll<Result<(), SourceFailed>> {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(SCRATCH_BYTES, 0);
            let mut room = ReadBuf::new(&mut scratch[..self.piece_bytes]);
            match Pin::new(&mut *from).poll_read(context, &mut room) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_gone)) => return Poll::Ready(Err(SourceFailed)),
                Poll::Pending => {
                    self.kept.release();
                    self.flush(context, to);
                    return Poll::Pending;
                }
            }
            let bytes = room.filled();
            self.is_read = bytes.is_empty();
            self.write_through(context, to, bytes);
            Poll::Ready(Ok(()))
        })
    }

    fn write_through(&mut self, context: &mut Context<'_>, to: &mut Stream, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            match Pin::new(&mut *to).poll_write(context, rest) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.moved += count as u64;
                    rest = &rest[count..];
                }
                Poll::Ready(_gone) => {
                    self.is_discarding = true;
                    return;
                }
                Poll::Pending => {
                    self.kept.extend(rest);
                    self.piece_bytes = PIECE_BYTES_MIN;
                    return;
                }
            }
        }
        self.piece_bytes = (self.piece_bytes * 2).min(SCRATCH_BYTES);
    }

    fn poll_write_kept(&mut self, context: &mut Context<'_>, to: &mut Stream) -> Poll<()> {
        while self.splice.held() > 0 {
            let given = match to.bare_tcp() {
                Some(sink) => ready!(self.splice.poll_give(context, sink)).unwrap_or(0),
                None => 0,
            };
            if given == 0 {
                self.discard();
                return Poll::Ready(());
            }
            self.moved += given as u64;
        }
        while !self.kept.is_empty() {
            match ready!(Pin::new(&mut *to).poll_write(context, self.kept.data())) {
                Ok(count) if count > 0 => {
                    self.kept.consume(count);
                    self.moved += count as u64;
                }
                _ => {
                    self.discard();
                    return Poll::Ready(());
                }
            }
        }
        Poll::Ready(())
    }

    fn discard(&mut self) {
        self.is_discarding = true;
        self.kept = Buffer::new();
        // What the pipe still holds goes with it.
        self.splice = Splice::new();
    }

    /// Reads and throws away; whether that was the end.
    fn poll_discard(
        &self,
        context: &mut Context<'_>,
        from: &mut Stream,
    ) -> Poll<Result<bool, SourceFailed>> {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(SCRATCH_BYTES, 0);
            let mut room = ReadBuf::new(&mut scratch[..PIECE_BYTES_MIN]);
            let read = ready!(Pin::new(from).poll_read(context, &mut room));
            Poll::Ready(read.map(|()| room.filled().is_empty()).map_err(|_gone| SourceFailed))
        })
    }

    /// TLS may hold back what was written: it must not wait for more.
    fn flush(&mut self, context: &mut Context<'_>, to: &mut Stream) {
        if matches!(Pin::new(to).poll_flush(context), Poll::Ready(Err(_))) {
            self.is_discarding = true;
            context.waker().wake_by_ref();
        }
    }
}
