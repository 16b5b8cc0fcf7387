//! One request and its response on a connection to an endpoint, whatever is spoken there.

use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::connector::RESPONSE_LIMITS;
use crate::h1::{self, H1Reader, H1Writer, RequestOptions};
use crate::http2::{self, CONCURRENT_STREAMS_MAX, H2Reader, H2Writer, OpenStream, Traffic};
use crate::message::{Framing, Method, RequestHead, ResponseHead};
use crate::reader::Reader;
use crate::stream::{SharedStream, Stream};
use crate::timer::Timer;
use crate::wire_error::WireError;
use crate::writer::Writer;

/// A connection that is ready for a request.
#[derive(Debug)]
pub enum Connection {
    /// HTTP/1.1: one request at a time.
    H1 {
        /// Its reading half.
        reader: Box<H1Reader>,
        /// Its writing half.
        writer: Box<H1Writer>,
    },
    /// HTTP/2: as many as the endpoint allows; this is a place among them.
    H2(H2Place),
}

impl Connection {
    /// One that speaks HTTP/1.1 and has not said anything yet.
    #[must_use]
    pub fn h1(stream: Stream) -> Self {
        let stream = Rc::new(SharedStream::new(stream));
        let reader = Box::new(H1Reader::new(Rc::clone(&stream)));
        Self::H1 { reader, writer: Box::new(H1Writer::new(stream)) }
    }
}

/// A place for one stream on an HTTP/2 connection. The connection is closed when there is none any
/// more, and no stream.
#[derive(Clone, Debug)]
pub struct H2Place {
    sender: h2::client::SendRequest<Bytes>,
    traffic: Rc<Traffic>,
}

impl H2Place {
    /// The first place on a new connection, whose streams count themselves in `traffic`.
    #[must_use]
    pub const fn new(sender: h2::client::SendRequest<Bytes>, traffic: Rc<Traffic>) -> Self {
        Self { sender, traffic }
    }

    /// Whether a stream is open.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.traffic.open() > 0
    }

    /// Whether the endpoint allows one more stream.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let allowed = self.sender.current_max_send_streams().min(CONCURRENT_STREAMS_MAX as usize);
        self.traffic.open() < allowed
    }

    /// Whether the connection is gone: it says so when it is asked for a place.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        matches!(self.sender.clone().poll_ready(&mut context), Poll::Ready(Err(_)))
    }
}

/// What of a request is decided for this endpoint.
#[derive(Clone, Copy, Debug)]
pub struct CallOptions<'a> {
    /// Path and query as the endpoint sees them.
    pub target: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// How the body is framed.
    pub framing: Framing,
    /// The protocol to switch to, if the client asked for one.
    pub upgrade: Option<&'a str>,
    /// Whether the client welcomes trailers.
    pub takes_trailers: bool,
    /// Whether the connection must not carry another request after this one.
    pub close: bool,
}

/// One request and its response in flight.
#[derive(Debug)]
pub struct Call {
    writer: Writer,
    answer: Answer,
    timer: Timer,
    /// Held until both messages are over.
    stream: Option<OpenStream>,
}

#[derive(Debug)]
enum Answer {
    H1 { reader: Reader, keep_alive: bool, close: bool },
    H2Waiting(h2::client::ResponseFuture),
    H2(Reader),
}

impl Call {
    /// Sends the head on `connection`; the body goes to [`Call::writer`]. HTTP/1.1 heads leave
    /// with the first flush.
    ///
    /// # Errors
    /// [`WireError::H2`] when the connection is gone, [`WireError::LengthMismatch`] when the head
    /// cannot be said there.
    pub fn begin(
        connection: Connection,
        head: &RequestHead,
        options: &CallOptions<'_>,
    ) -> Result<Self, WireError> {
        let timer = Timer::new();
        match connection {
            Connection::H1 { reader, mut writer } => {
                let request = RequestOptions {
                    close: options.close,
                    upgrade: options.upgrade,
                    te_trailers: options.takes_trailers,
                };
                let target = options.target;
                h1::write_request(head, target, options.framing, &request, writer.head_buffer());
                writer.begin_body(options.framing);
                let answer = Answer::H1 {
                    reader: Reader::H1(reader),
                    keep_alive: false,
                    close: options.close,
                };
                Ok(Self { writer: Writer::H1(writer), answer, timer, stream: None })
            }
            Connection::H2(H2Place { mut sender, traffic }) => {
                let request = http2::write_request(
                    head,
                    options.target,
                    options.scheme,
                    options.framing,
                    options.takes_trailers,
                )
                .map_err(|_malformed| WireError::LengthMismatch)?;
                let is_ended = options.framing == Framing::Empty;
                let (response, stream) = sender.send_request(request, is_ended)?;
                let writer = Writer::H2(Box::new(H2Writer::new(stream, options.framing)));
                let answer = Answer::H2Waiting(response);
                Ok(Self { writer, answer, timer, stream: Some(traffic.begin()) })
            }
        }
    }

    /// Where the request's body goes.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Starts the limit within which the head of the response must arrive.
    pub fn limit_head(&mut self, limit: Duration) {
        match &mut self.answer {
            Answer::H1 { reader, .. } => reader.limit_stall(limit),
            Answer::H2Waiting(_) | Answer::H2(_) => self.timer.start(limit),
        }
    }

    /// Reads the next response head, interim ones included; the framing of the body that follows.
    ///
    /// # Errors
    /// Any [`WireError`]; [`WireError::Stalled`] when the head's limit passed.
    pub fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        method: &Method,
        head: &mut ResponseHead,
    ) -> Poll<Result<Framing, WireError>> {
        match &mut self.answer {
            Answer::H1 { reader: Reader::H1(reader), keep_alive, close } => {
                let prelude =
                    ready!(reader.poll_response(context, &RESPONSE_LIMITS, method, head))?;
                *keep_alive = prelude.keep_alive && !*close;
                Poll::Ready(Ok(prelude.framing))
            }
            Answer::H2Waiting(future) => {
                if let Poll::Ready(Some(Ok(interim))) = future.poll_informational(context) {
                    head.clear();
                    head.status = interim.status().as_u16();
                    // An interim head over the limits is passed on without what is over them.
                    let _cut_off = http2::read_interim_fields(interim.headers(), &mut head.fields);
                    return Poll::Ready(Ok(Framing::Empty));
                }
                match std::future::Future::poll(std::pin::Pin::new(future), context) {
                    Poll::Ready(response) => {
                        let response = response?;
                        if let Some(stream) = &self.stream {
                            stream.answered();
                        }
                        let framing = http2::read_response(&response, &RESPONSE_LIMITS, head)
                            .map_err(|_malformed| WireError::LengthMismatch)?;
                        let reader = H2Reader::new(response.into_body());
                        self.answer = Answer::H2(Reader::H2(Box::new(reader)));
                        Poll::Ready(Ok(framing))
                    }
                    Poll::Pending => {
                        self.timer.poll_elapsed(context).map(|()| Err(WireError::Stalled))
                    }
                }
            }
            Answer::H1 { .. } | Answer::H2(_) => Poll::Ready(Err(WireError::Closed)),
        }
    }

    /// Where the response's body comes from, once its head is there.
    pub fn reader(&mut self) -> Option<&mut Reader> {
        match &mut self.answer {
            Answer::H1 { reader, .. } | Answer::H2(reader) => Some(reader),
            Answer::H2Waiting(_) => None,
        }
    }

    /// Bytes of the response's body at hand.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        match &self.answer {
            Answer::H1 { reader, .. } | Answer::H2(reader) => reader.data(),
            Answer::H2Waiting(_) => &[],
        }
    }

    /// Both halves at once, for moving two bodies side by side.
    pub fn halves(&mut self) -> (&mut Writer, Option<&mut Reader>) {
        let reader = match &mut self.answer {
            Answer::H1 { reader, .. } | Answer::H2(reader) => Some(reader),
            Answer::H2Waiting(_) => None,
        };
        (&mut self.writer, reader)
    }

    /// Whether the connection speaks HTTP/1.1.
    #[must_use]
    pub const fn is_h1(&self) -> bool {
        matches!(self.answer, Answer::H1 { .. })
    }

    /// The connection, when both messages are over and it can carry another request. HTTP/2
    /// connections stay with the pool all the while and are not given back.
    #[must_use]
    pub fn into_reusable(self) -> Option<Connection> {
        match (self.writer, self.answer) {
            (
                Writer::H1(writer),
                Answer::H1 { reader: Reader::H1(reader), keep_alive: true, .. },
            ) if writer.is_done() && reader.is_ended() && reader.unread().is_empty() => {
                Some(Connection::H1 { reader, writer })
            }
            _ => None,
        }
    }

    /// The stream of an HTTP/1.1 connection that has switched protocols, with what was read
    /// beyond the head put back.
    #[must_use]
    pub fn into_tunnel(self) -> Option<Stream> {
        match (self.writer, self.answer) {
            (Writer::H1(writer), Answer::H1 { reader: Reader::H1(reader), .. }) => {
                h1::into_stream(*reader, *writer)
            }
            _ => None,
        }
    }
}
