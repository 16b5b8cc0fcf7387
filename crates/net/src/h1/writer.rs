//! The writing half of an HTTP/1.1 connection, in either role.
//!
//! Small pieces are gathered and leave in one system call; large ones go out from where they lie,
//! behind what was gathered. Framing is always ours, never the sender's.

use std::cell::RefCell;
use std::io::IoSlice;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::fields::Fields;
use crate::h1::{write_chunk_head, write_last_chunk};
use crate::message::Framing;
use crate::stream::SharedStream;
use crate::timer::Timer;
use crate::wire_error::WireError;

/// Pieces up to this size are copied beside what already waits.
const GATHER_BYTES: usize = 8 * 1024;

/// What may wait before it must go out.
const WAITING_BYTES_MAX: usize = 16 * 1024;

/// Free output buffers kept per worker.
const SPARE_MAX: usize = 128;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Writes messages to one connection, one after the other.
#[derive(Debug)]
pub struct H1Writer {
    stream: Rc<SharedStream>,
    waiting: Vec<u8>,
    sent: usize,
    framing: Framing,
    /// Bytes of the open chunk or of the declared length that are still to come.
    left: u64,
    needs_flush: bool,
    timer: Timer,
}

impl H1Writer {
    /// Writes to `stream`.
    #[must_use]
    pub fn new(stream: Rc<SharedStream>) -> Self {
        Self {
            stream,
            waiting: Vec::new(),
            sent: 0,
            framing: Framing::Empty,
            left: 0,
            needs_flush: false,
            timer: Timer::new(),
        }
    }

    /// Where the head of the next message is encoded.
    pub fn head_buffer(&mut self) -> &mut Vec<u8> {
        if self.waiting.capacity() == 0 {
            self.waiting = take_spare();
        }
        &mut self.waiting
    }

    /// Begins the body that the head has declared.
    pub fn begin_body(&mut self, framing: Framing) {
        self.framing = framing;
        self.left = if let Framing::Length(length) = framing { length } else { 0 };
    }

    /// Starts the limit that holds while nothing is taken by the other side.
    pub fn limit_stall(&mut self, limit: Duration) {
        self.timer.start(limit);
    }

    /// Takes some of `data` into the body; how many bytes were taken.
    ///
    /// # Errors
    /// [`WireError::LengthMismatch`] beyond the declared length, [`WireError::Stalled`],
    /// [`WireError::Io`].
    pub fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, WireError>> {
        let count = match self.framing {
            Framing::Empty => return Poll::Ready(Err(WireError::LengthMismatch)),
            Framing::UntilClose => data.len(),
            Framing::Length(_) if data.len() as u64 > self.left => {
                return Poll::Ready(Err(WireError::LengthMismatch));
            }
            Framing::Length(_) => data.len(),
            Framing::Chunked => self.open_chunk(data.len()),
        };
        let count = if count <= GATHER_BYTES {
            if self.waiting.len() - self.sent + count > WAITING_BYTES_MAX {
                ready!(self.poll_flush(context))?;
            }
            self.head_buffer().extend_from_slice(&data[..count]);
            count
        } else {
            ready!(self.poll_write_through(context, &data[..count]))?
        };
        self.left = self.left.saturating_sub(count as u64);
        if self.framing == Framing::Chunked && self.left == 0 {
            self.head_buffer().extend_from_slice(b"\r\n");
        }
        Poll::Ready(Ok(count))
    }

    /// How many of `count` bytes belong to the open chunk, which is opened here if need be.
    fn open_chunk(&mut self, count: usize) -> usize {
        if self.left == 0 {
            self.left = count as u64;
            write_chunk_head(count, self.head_buffer());
        }
        usize::try_from(self.left).map_or(count, |left| left.min(count))
    }

    fn poll_write_through(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, WireError>> {
        loop {
            let ahead = self.waiting.len() - self.sent;
            let parts = [IoSlice::new(&self.waiting[self.sent..]), IoSlice::new(data)];
            let parts = if ahead == 0 { &parts[1..] } else { &parts[..] };
            let count = ready!(poll_parts(
                &self.stream,
                &mut self.timer,
                &mut self.needs_flush,
                context,
                parts
            ))?;
            if count > ahead {
                self.clear_waiting();
                return Poll::Ready(Ok(count - ahead));
            }
            self.sent += count;
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`WireError::LengthMismatch`] when less was written than was declared.
    pub fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), WireError> {
        match self.framing {
            Framing::Chunked => write_last_chunk(trailers, self.head_buffer()),
            Framing::Length(_) if self.left > 0 => return Err(WireError::LengthMismatch),
            Framing::Length(_) | Framing::Empty | Framing::UntilClose => {}
        }
        self.framing = Framing::Empty;
        Ok(())
    }

    /// Sends all that waits.
    ///
    /// # Errors
    /// [`WireError::Stalled`], [`WireError::Io`].
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        while self.sent < self.waiting.len() {
            let parts = [IoSlice::new(&self.waiting[self.sent..])];
            self.sent += ready!(poll_parts(
                &self.stream,
                &mut self.timer,
                &mut self.needs_flush,
                context,
                &parts
            ))?;
        }
        self.clear_waiting();
        if self.needs_flush {
            match self.stream.poll_flush(context) {
                Poll::Ready(done) => {
                    done?;
                    self.needs_flush = false;
                }
                Poll::Pending => {
                    return self.timer.poll_elapsed(context).map(|()| Err(WireError::Stalled));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the message is written to its end and nothing of it waits to be sent. A connection
    /// whose last body is not complete must never carry another message: its first bytes would
    /// be taken for the rest of that body.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.framing == Framing::Empty && self.waiting.is_empty() && !self.needs_flush
    }

    fn clear_waiting(&mut self) {
        self.sent = 0;
        if self.waiting.capacity() > 0 {
            give_spare(std::mem::take(&mut self.waiting));
        }
    }
}

impl Drop for H1Writer {
    fn drop(&mut self) {
        self.clear_waiting();
    }
}

fn poll_parts(
    stream: &SharedStream,
    timer: &mut Timer,
    needs_flush: &mut bool,
    context: &mut Context<'_>,
    parts: &[IoSlice<'_>],
) -> Poll<Result<usize, WireError>> {
    let written = match parts {
        [part] => stream.poll_write(context, part),
        parts => stream.poll_write_vectored(context, parts),
    };
    match written {
        Poll::Ready(Ok(0)) => Poll::Ready(Err(WireError::Closed)),
        Poll::Ready(Ok(count)) => {
            timer.restart();
            *needs_flush = true;
            Poll::Ready(Ok(count))
        }
        Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
        Poll::Pending => timer.poll_elapsed(context).map(|()| Err(WireError::Stalled)),
    }
}

fn take_spare() -> Vec<u8> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_else(|| Vec::with_capacity(2048))
}

fn give_spare(mut buffer: Vec<u8>) {
    if buffer.capacity() > 2 * WAITING_BYTES_MAX {
        return;
    }
    buffer.clear();
    let _thread_ends = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < SPARE_MAX {
            spare.push(buffer);
        }
    });
}
