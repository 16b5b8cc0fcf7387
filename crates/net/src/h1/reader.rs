//! The reading half of an HTTP/1.1 connection, in either role: heads, bodies, and what is left.

use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BufMut as _;

use crate::buffer::{Buffer, Size};
use crate::fields::Fields;
use crate::h1::H1Writer;
use crate::h1::{BodyDecoder, BodyStep, HeadLimits, HeadParser, RequestPrelude, ResponsePrelude};
use crate::message::{Framing, Method, RequestHead, ResponseHead};
use crate::pace::{PaceLimits, Patience};
use crate::stream::{SharedStream, Stream};
use crate::timer::Timer;
use crate::wire_error::WireError;

/// Bodies declared longer than this are read in large pieces.
const BULK_FROM_BYTES: u64 = 64 * 1024;

/// How the other side went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It said that it has nothing more to say; it may still listen.
    Closed,
    /// It neither speaks nor listens.
    Reset,
}

/// Reads messages from one connection, one after the other.
#[derive(Debug)]
pub struct H1Reader {
    stream: Rc<SharedStream>,
    input: Buffer,
    parser: HeadParser,
    body: BodyDecoder,
    /// Bytes at the front of `input` that are body data.
    data_bytes: usize,
    /// How the body is read; heads are always read in the usual size.
    body_size: Size,
    patience: Patience,
}

impl H1Reader {
    /// Reads from `stream`.
    #[must_use]
    pub fn new(stream: Rc<SharedStream>) -> Self {
        Self {
            stream,
            input: Buffer::new(),
            parser: HeadParser::default(),
            body: BodyDecoder::new(Framing::Empty),
            data_bytes: 0,
            body_size: Size::Usual,
            patience: Patience::new(),
        }
    }

    /// The timer of this half; heads and bodies count against the limit started last.
    pub fn timer(&mut self) -> &mut Timer {
        self.patience.timer()
    }

    /// Bytes that have arrived and are not yet used.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.input.data()
    }

    /// Waits until at least one byte of the next message is there.
    /// `Ok(false)`: the other side closed instead.
    ///
    /// # Errors
    /// [`WireError::Stalled`] when the timer's limit passed, [`WireError::Io`] otherwise.
    pub fn poll_begin(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if !self.input.is_empty() {
            return Poll::Ready(Ok(true));
        }
        let count = ready!(self.poll_more(context, Size::Usual))?;
        Poll::Ready(Ok(count > 0))
    }

    /// Reads the head of the next request. The body that it declares is then read by
    /// [`H1Reader::poll_fill`].
    ///
    /// # Errors
    /// [`WireError::Closed`] when the client closed first; [`WireError::Protocol`],
    /// [`WireError::Stalled`] and [`WireError::Io`] as they say.
    pub fn poll_request(
        &mut self,
        context: &mut Context<'_>,
        limits: &HeadLimits,
        head: &mut RequestHead,
    ) -> Poll<Result<RequestPrelude, WireError>> {
        loop {
            if let Some(prelude) = self.parser.request(self.input.data(), limits, head)? {
                self.input.consume(prelude.consumed);
                self.begin_body(prelude.framing);
                return Poll::Ready(Ok(prelude));
            }
            if ready!(self.poll_more(context, Size::Usual))? == 0 {
                return Poll::Ready(Err(WireError::Closed));
            }
        }
    }

    /// Reads the head of the next response, interim ones included.
    ///
    /// # Errors
    /// As [`H1Reader::poll_request`].
    pub fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        limits: &HeadLimits,
        method: &Method,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponsePrelude, WireError>> {
        loop {
            if let Some(prelude) = self.parser.response(self.input.data(), limits, method, head)? {
                self.input.consume(prelude.consumed);
                self.begin_body(prelude.framing);
                return Poll::Ready(Ok(prelude));
            }
            if ready!(self.poll_more(context, Size::Usual))? == 0 {
                return Poll::Ready(Err(WireError::Closed));
            }
        }
    }

    /// What comes from now on is no longer HTTP: all of it is read as it comes.
    pub fn switch(&mut self) {
        self.begin_body(Framing::UntilClose);
        self.body_size = Size::Usual;
    }

    fn begin_body(&mut self, framing: Framing) {
        self.parser.reset();
        self.body = BodyDecoder::new(framing);
        self.data_bytes = 0;
        self.body_size = match framing {
            Framing::Length(length) if length < BULK_FROM_BYTES => Size::Usual,
            Framing::Empty | Framing::Chunked => Size::Usual,
            Framing::Length(_) | Framing::UntilClose => Size::Bulk,
        };
    }

    /// Starts the limit that holds between two pieces of the body.
    pub fn limit_stall(&mut self, limit: Duration) {
        self.patience.limit_stall(limit);
    }

    /// Starts the limits on how slowly the body may come.
    pub fn limit_pace(&mut self, limits: PaceLimits) {
        self.patience.limit_pace(limits);
    }

    /// Makes sure that [`H1Reader::data`] holds body bytes. `Ok(false)`: the body is over.
    ///
    /// # Errors
    /// As [`H1Reader::poll_request`].
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        loop {
            if self.data_bytes > 0 {
                return Poll::Ready(Ok(true));
            }
            if self.body.is_ended() {
                return Poll::Ready(Ok(false));
            }
            match self.body.decode(self.input.data())? {
                BodyStep::Data { skip, len } => {
                    self.input.consume(skip);
                    self.data_bytes = len;
                }
                BodyStep::End { skip } => self.input.consume(skip),
                BodyStep::More { skip } => {
                    self.input.consume(skip);
                    if ready!(self.poll_more_body(context))? == 0 {
                        self.body.at_eof().map_err(|_cut| WireError::Closed)?;
                    }
                }
            }
        }
    }

    /// Moves body bytes to the end of `into`, `most` at most and more than none; how many. 0: the
    /// body is over. What comes now of a body of known length is read to where it belongs, and
    /// copied nowhere.
    ///
    /// # Errors
    /// As [`H1Reader::poll_request`].
    pub fn poll_take(
        &mut self,
        context: &mut Context<'_>,
        into: &mut Vec<u8>,
        most: usize,
    ) -> Poll<Result<usize, WireError>> {
        let ahead = self.body.length_ahead();
        if ahead == 0 || self.data_bytes > 0 || !self.input.is_empty() {
            if !ready!(self.poll_fill(context))? {
                return Poll::Ready(Ok(0));
            }
            let count = self.data_bytes.min(most);
            into.extend_from_slice(&self.data()[..count]);
            self.consume(count);
            return Poll::Ready(Ok(count));
        }
        let most = usize::try_from(ahead).unwrap_or(usize::MAX).min(most);
        match self.stream.poll_read_buf(context, &mut into.limit(most)) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(WireError::Closed)),
            Poll::Ready(Ok(count)) => {
                self.body.took(count);
                self.patience.moved(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => {
                self.input.release();
                self.patience.poll_late(context, false).map(Err)
            }
        }
    }

    /// Body bytes at hand.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.input.data()[..self.data_bytes]
    }

    /// Marks body bytes as used.
    pub fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.data_bytes);
        self.input.consume(count);
        self.data_bytes -= count;
    }

    /// Whether the message is read to its end.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.data_bytes == 0 && self.body.is_ended()
    }

    /// The trailers of the body that has ended, once.
    pub fn take_trailers(&mut self) -> Option<Fields> {
        self.body.take_trailers()
    }

    /// Looks out for the other side going away while it is our turn to speak. Pending as long as it
    /// is there; bytes of a next message are kept.
    pub fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        if !self.input.is_empty() || !self.is_ended() {
            return Poll::Pending;
        }
        let room = self.input.room(Size::Usual);
        match self.stream.poll_read(context, room) {
            Poll::Ready(Ok(0)) => {
                self.input.release();
                Poll::Ready(Gone::Closed)
            }
            Poll::Ready(Ok(count)) => {
                self.input.filled(count);
                Poll::Pending
            }
            Poll::Ready(Err(_)) => Poll::Ready(Gone::Reset),
            Poll::Pending => {
                self.input.release();
                Poll::Pending
            }
        }
    }

    /// Whether the connection is open and silent, as it should be between two messages.
    pub fn is_quiet(&self) -> bool {
        self.input.is_empty() && self.stream.with(Stream::is_quiet)
    }

    /// Reads what comes of a head.
    fn poll_more(
        &mut self,
        context: &mut Context<'_>,
        size: Size,
    ) -> Poll<Result<usize, WireError>> {
        match self.poll_input(context, size) {
            Poll::Ready(read) => {
                self.patience.timer().restart();
                Poll::Ready(read)
            }
            Poll::Pending => {
                let late = self.patience.timer().poll_elapsed(context);
                late.map(|()| Err(WireError::Stalled))
            }
        }
    }

    /// Reads what comes of a body.
    fn poll_more_body(&mut self, context: &mut Context<'_>) -> Poll<Result<usize, WireError>> {
        match self.poll_input(context, self.body_size) {
            Poll::Ready(read) => {
                self.patience.moved(*read.as_ref().unwrap_or(&0));
                Poll::Ready(read)
            }
            Poll::Pending => self.patience.poll_late(context, false).map(Err),
        }
    }

    fn poll_input(
        &mut self,
        context: &mut Context<'_>,
        size: Size,
    ) -> Poll<Result<usize, WireError>> {
        let room = self.input.room(size);
        match self.stream.poll_read(context, room) {
            Poll::Ready(Ok(count)) => {
                self.input.filled(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => {
                self.input.release();
                Poll::Pending
            }
        }
    }
}

/// The stream of a connection whose messages are over, with what was read too early put back.
/// `None` when bytes still wait to be written.
#[must_use]
pub fn into_stream(mut reader: H1Reader, writer: H1Writer) -> Option<Stream> {
    if !writer.is_done() {
        return None;
    }
    drop(writer);
    let unread = std::mem::take(&mut reader.input);
    let shared = Rc::try_unwrap(reader.stream).ok()?;
    let mut stream = shared.into_inner();
    if !unread.is_empty() {
        stream.put_back(unread.data());
    }
    Some(stream)
}
