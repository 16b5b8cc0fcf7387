//! Bytes moved from one TCP socket to another within the kernel, by splice(2) through a pipe.
//!
//! Cheaper than copying as soon as a flow is more than a few packets long. A pipe is held only
//! while bytes are in it; empty ones lie in a small store per worker. When the system gives no
//! pipe worth having, callers copy instead.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use rustix::pipe::{PipeFlags, SpliceFlags};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What a pipe is asked to hold, in bytes: what a fast flow brings between two turns. With smaller
/// ones such flows are cut into pieces that fit no segment, and take more calls.
const LARGE_BYTES: usize = 1 << 20;

/// How many pipes of a worker are asked to be so large. Fast flows need one at a time; what waits
/// for slow receivers may wait in small ones. The system lets a user have 64 MiB of pipes.
const LARGE_MAX: usize = 8;

/// Below this many bytes a pipe is not worth having: the system gives such ones to users who have
/// too many.
const PIPE_BYTES_MIN: usize = 64 << 10;

/// Pipes per worker. Each is held only while a slow receiver leaves bytes in it, so this bounds
/// how many slow receivers are served by splicing.
const PIPES_MAX: usize = 64;

const FLAGS: SpliceFlags = SpliceFlags::NONBLOCK.union(SpliceFlags::MOVE);

thread_local! {
    static SPARE: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// Moves bytes from one TCP socket to another. Dropping it loses what it holds.
#[derive(Debug, Default)]
pub struct Splice {
    pipe: Option<Pipe>,
    held: usize,
}

/// Which end of a splice failed.
#[derive(Debug)]
pub enum SpliceError {
    /// The socket that bytes are taken from.
    Source(io::Error),
    /// The socket that bytes are given to.
    Sink(io::Error),
}

impl Splice {
    /// One that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { pipe: None, held: 0 }
    }

    /// Bytes taken and not yet given.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Makes sure that there is a pipe. `false`: none is to be had just now, and bytes have to be
    /// copied.
    pub fn prepare(&mut self) -> bool {
        if self.pipe.is_none() {
            self.pipe = Pipe::take();
        }
        self.pipe.is_some()
    }

    /// Takes up to `limit` bytes from `from` into the empty pipe; 0 is the end of the stream.
    /// Call it only after [`Splice::prepare`] said yes. While there is nothing to take, the pipe
    /// is given back.
    ///
    /// # Errors
    /// What the system says.
    pub fn poll_take(
        &mut self,
        context: &mut Context<'_>,
        from: &TcpStream,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        debug_assert_eq!(self.held, 0, "a full pipe and an empty socket look alike");
        loop {
            if from.poll_read_ready(context)?.is_pending() {
                self.release();
                return Poll::Pending;
            }
            let Some(pipe) = &self.pipe else {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            };
            let limit = limit.min(LARGE_BYTES);
            match from.try_io(Interest::READABLE, || {
                Ok(rustix::pipe::splice(from, None, &pipe.write, None, limit, FLAGS)?)
            }) {
                Ok(count) => {
                    self.held = count;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Gives what is held to `to`; the number of bytes given, less than all only at a later call.
    ///
    /// # Errors
    /// What the system says.
    pub fn poll_give(
        &mut self,
        context: &mut Context<'_>,
        to: &TcpStream,
    ) -> Poll<io::Result<usize>> {
        while self.held > 0 {
            ready!(to.poll_write_ready(context))?;
            let Some(pipe) = &self.pipe else { break };
            match to.try_io(Interest::WRITABLE, || {
                Ok(rustix::pipe::splice(&pipe.read, None, to, None, self.held, FLAGS)?)
            }) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    self.held -= count;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(0))
    }

    /// Takes up to `limit` bytes and gives them, or some of what was held before; 0 is the end of
    /// the stream. For a body of known length: call it with what is left of it until nothing is.
    ///
    /// # Errors
    /// [`SpliceError`], saying which end failed.
    pub fn poll_move(
        &mut self,
        context: &mut Context<'_>,
        from: &TcpStream,
        to: &TcpStream,
        limit: usize,
    ) -> Poll<Result<usize, SpliceError>> {
        if self.held == 0 {
            match ready!(self.poll_take(context, from, limit)) {
                Ok(0) => return Poll::Ready(Ok(0)),
                Ok(_held) => {}
                Err(error) => return Poll::Ready(Err(SpliceError::Source(error))),
            }
        }
        self.poll_give(context, to).map_err(SpliceError::Sink)
    }

    /// Gives the pipe back when it is empty.
    pub fn release(&mut self) {
        if self.held == 0
            && let Some(pipe) = self.pipe.take()
        {
            pipe.give_back();
        }
    }
}

impl Drop for Splice {
    fn drop(&mut self) {
        self.release();
    }
}

/// Both ends of a pipe.
#[derive(Debug)]
struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    is_large: bool,
}

impl Pipe {
    /// An empty pipe; `None` when this worker has as many as it may, or the system has no more.
    fn take() -> Option<Self> {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok()?;
        if spare.is_some() {
            return spare;
        }
        if COUNT.get() >= PIPES_MAX {
            return None;
        }
        let (read, write) =
            rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
        let is_large = COUNT.get() < LARGE_MAX
            && rustix::pipe::fcntl_setpipe_size(&write, LARGE_BYTES).is_ok();
        let size = rustix::pipe::fcntl_getpipe_size(&write).ok()?;
        if size < PIPE_BYTES_MIN {
            return None;
        }
        COUNT.set(COUNT.get() + 1);
        Some(Self { read, write, is_large })
    }

    fn give_back(self) {
        let mut pipe = Some(self);
        let _dropped_when_the_thread_ends = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            match pipe.take() {
                // Large ones are used first.
                Some(pipe) if pipe.is_large => spare.push(pipe),
                Some(pipe) => spare.insert(0, pipe),
                None => {}
            }
        });
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _thread_ends = COUNT.try_with(|count| count.set(count.get().saturating_sub(1)));
    }
}

#[cfg(test)]
mod tests;
