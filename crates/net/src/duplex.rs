//! Relays bytes both ways between a client and an endpoint until both are done.
//!
//! Half-closes are kept: when one side has said all it has to say, the other is told, and may go
//! on talking.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::buffer::Buffer;
use crate::stream::Stream;
use crate::timer::Timer;

/// How a relay came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplexEnd {
    /// Both sides were done.
    Finished,
    /// The client's side failed.
    ClientFailed,
    /// The endpoint's side failed.
    EndpointFailed,
    /// Nothing moved either way for longer than the limit.
    Idle,
}

/// A relay between two streams. It can be dropped at any time.
#[derive(Debug)]
pub struct Duplex {
    client: Stream,
    endpoint: Stream,
    up: Lane,
    down: Lane,
    timer: Timer,
}

/// Bytes wanted in one piece: fewer system calls, still within a core's cache.
const PIECE_BYTES: usize = 64 * 1024;

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    buffer: Buffer,
    moved: u64,
    is_read: bool,
    is_closed: bool,
}

enum LaneError {
    Read,
    Write,
}

impl Duplex {
    /// A relay that gives up after `idle` without a byte either way.
    #[must_use]
    pub fn new(client: Stream, endpoint: Stream, idle: Duration) -> Self {
        let mut timer = Timer::new();
        timer.start(idle);
        Self { client, endpoint, up: Lane::default(), down: Lane::default(), timer }
    }

    /// Bytes from the client to the endpoint.
    #[must_use]
    pub const fn up_bytes(&self) -> u64 {
        self.up.moved
    }

    /// Bytes from the endpoint to the client.
    #[must_use]
    pub const fn down_bytes(&self) -> u64 {
        self.down.moved
    }

    /// Relays until the end.
    pub async fn run(&mut self) -> DuplexEnd {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<DuplexEnd> {
        let before = self.up.moved + self.down.moved;
        let up = self.up.poll(context, &mut self.client, &mut self.endpoint);
        if let Poll::Ready(Err(error)) = up {
            return Poll::Ready(match error {
                LaneError::Read => DuplexEnd::ClientFailed,
                LaneError::Write => DuplexEnd::EndpointFailed,
            });
        }
        let down = self.down.poll(context, &mut self.endpoint, &mut self.client);
        if let Poll::Ready(Err(error)) = down {
            return Poll::Ready(match error {
                LaneError::Read => DuplexEnd::EndpointFailed,
                LaneError::Write => DuplexEnd::ClientFailed,
            });
        }
        if up.is_ready() && down.is_ready() {
            return Poll::Ready(DuplexEnd::Finished);
        }
        if self.up.moved + self.down.moved > before {
            self.timer.restart();
        }
        self.timer.poll_elapsed(context).map(|()| DuplexEnd::Idle)
    }
}

impl Lane {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
    ) -> Poll<Result<(), LaneError>> {
        while !self.is_closed {
            if self.buffer.is_empty() && self.is_read {
                ready!(Pin::new(&mut *to).poll_shutdown(context)).map_err(|_| LaneError::Write)?;
                self.is_closed = true;
                break;
            }
            if self.buffer.is_empty() {
                match self.poll_read(context, from) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(LaneError::Read)),
                    Poll::Pending => {
                        // TLS may hold back what was written: it must not wait for more.
                        let flushed = Pin::new(&mut *to).poll_flush(context);
                        if matches!(flushed, Poll::Ready(Err(_))) {
                            return Poll::Ready(Err(LaneError::Write));
                        }
                        return Poll::Pending;
                    }
                }
                continue;
            }
            let written = Pin::new(&mut *to).poll_write(context, self.buffer.data());
            let count = ready!(written).map_err(|_| LaneError::Write)?;
            if count == 0 {
                return Poll::Ready(Err(LaneError::Write));
            }
            self.buffer.consume(count);
            self.moved += count as u64;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>, from: &mut Stream) -> Poll<io::Result<()>> {
        let mut room = ReadBuf::new(self.buffer.room(PIECE_BYTES));
        match Pin::new(from).poll_read(context, &mut room) {
            Poll::Ready(Ok(())) => {
                let count = room.filled().len();
                self.buffer.filled(count);
                self.is_read = count == 0;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.buffer.release();
                Poll::Pending
            }
        }
    }
}
