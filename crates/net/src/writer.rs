//! Where a message goes to: the writing half of a connection or stream, whatever is spoken there.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::fields::Fields;
use crate::h1::{self, H1Writer, Persist};
use crate::http2::{self, H2Writer};
use crate::message::{Framing, ResponseHead};
use crate::wire_error::WireError;

/// How a response is put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseOptions {
    /// How its body is framed.
    pub framing: Framing,
    /// What it says about an HTTP/1 connection.
    pub persist: Persist,
    /// Whether it answers HEAD: no body follows, whatever its fields say.
    pub is_to_head: bool,
}

/// The writing half.
#[derive(Debug)]
pub enum Writer {
    /// Of an HTTP/1.1 connection.
    H1(Box<H1Writer>),
    /// Of an HTTP/2 stream whose response head has not been sent.
    H2Head(Box<h2::server::SendResponse<Bytes>>),
    /// Of an HTTP/2 stream.
    H2(Box<H2Writer>),
}

impl Writer {
    /// Sends an interim response (1xx, not 101). It goes out with the next flush.
    ///
    /// # Errors
    /// [`WireError::H2`] when the stream is gone.
    pub fn send_interim(&mut self, head: &ResponseHead) -> Result<(), WireError> {
        match self {
            Self::H1(writer) => {
                h1::write_response(head, Framing::Empty, Persist::KeepAlive, writer.head_buffer());
                Ok(())
            }
            Self::H2Head(reply) => match http2::write_response(head, Framing::Empty) {
                Ok(response) => Ok(reply.send_informational(response)?),
                Err(_malformed) => Ok(()),
            },
            Self::H2(_) => Ok(()),
        }
    }

    /// Sends the head of a response, whose body of `framing` follows.
    ///
    /// # Errors
    /// [`WireError::H2`] when the stream is gone, [`WireError::LengthMismatch`] when the head
    /// cannot be said or was sent before.
    pub fn send_response(
        &mut self,
        head: &ResponseHead,
        options: ResponseOptions,
    ) -> Result<(), WireError> {
        let ResponseOptions { framing, persist, is_to_head } = options;
        match self {
            Self::H1(writer) => {
                if is_to_head {
                    h1::write_response_to_head(head, persist, writer.head_buffer());
                } else {
                    h1::write_response(head, framing, persist, writer.head_buffer());
                }
                writer.begin_body(framing);
            }
            Self::H2Head(reply) => {
                let response = http2::write_response(head, framing)
                    .map_err(|_malformed| WireError::LengthMismatch)?;
                let stream = reply.send_response(response, framing == Framing::Empty)?;
                *self = Self::H2(Box::new(H2Writer::new(stream, framing)));
            }
            Self::H2(_) => return Err(WireError::LengthMismatch),
        }
        Ok(())
    }

    /// What is sent from now on is no longer HTTP, and goes out as it is. Streams of HTTP/2 do not
    /// switch.
    pub fn switch(&mut self) {
        if let Self::H1(writer) = self {
            writer.begin_body(Framing::UntilClose);
        }
    }

    /// Starts the limit that holds while nothing is taken by the other side.
    pub fn limit_stall(&mut self, limit: Duration) {
        match self {
            Self::H1(writer) => writer.limit_stall(limit),
            Self::H2Head(_) => {}
            Self::H2(writer) => writer.limit_stall(limit),
        }
    }

    /// Takes some of `data` into the body; how many bytes were taken.
    ///
    /// # Errors
    /// Any [`WireError`].
    pub fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, WireError>> {
        match self {
            Self::H1(writer) => writer.poll_write(context, data),
            Self::H2Head(_) => Poll::Ready(Err(WireError::LengthMismatch)),
            Self::H2(writer) => writer.poll_write(context, data),
        }
    }

    /// Writes all of `data`.
    ///
    /// # Errors
    /// Any [`WireError`].
    pub async fn write_all(&mut self, mut data: &[u8]) -> Result<(), WireError> {
        while !data.is_empty() {
            let count = poll_fn(|context| self.poll_write(context, data)).await?;
            data = &data[count..];
        }
        Ok(())
    }

    /// Ends the body; it goes out with the next flush.
    ///
    /// # Errors
    /// [`WireError::LengthMismatch`] when less was written than was declared.
    pub fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), WireError> {
        match self {
            Self::H1(writer) => writer.finish(trailers),
            Self::H2Head(_) => Err(WireError::LengthMismatch),
            Self::H2(writer) => writer.finish(trailers),
        }
    }

    /// Sends all that waits.
    ///
    /// # Errors
    /// [`WireError::Stalled`], [`WireError::Io`].
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        match self {
            Self::H1(writer) => writer.poll_flush(context),
            Self::H2Head(_) | Self::H2(_) => Poll::Ready(Ok(())),
        }
    }

    /// [`Writer::poll_flush`] as a future.
    ///
    /// # Errors
    /// Any [`WireError`].
    pub async fn flush(&mut self) -> Result<(), WireError> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    /// Ready when the other side has given an HTTP/2 stream up.
    pub fn poll_reset(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::H1(_) => Poll::Pending,
            Self::H2Head(reply) => reply.poll_reset(context).map(|_reason| ()),
            Self::H2(writer) => writer.poll_reset(context),
        }
    }

    /// Gives the message up: resets an HTTP/2 stream; an HTTP/1.1 connection must be closed.
    pub fn abort(&mut self) {
        match self {
            Self::H1(_) => {}
            Self::H2Head(reply) => reply.send_reset(h2::Reason::INTERNAL_ERROR),
            Self::H2(writer) => writer.reset(h2::Reason::INTERNAL_ERROR),
        }
    }
}
