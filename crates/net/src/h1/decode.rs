//! Reads bodies: says which bytes of the input are data, which are framing, and when it is over.
//!
//! It copies nothing: the caller forwards the bytes from where they lie.

use super::ParseError;
use super::chunk::{ChunkLimits, ChunkReader};
use crate::fields::Fields;
use crate::message::Framing;

/// What the start of the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyStep {
    /// `input[skip..skip + len]` is data, with `len` at least 1. Consume `skip + len`.
    Data {
        /// Bytes of framing before the data.
        skip: usize,
        /// Bytes of data.
        len: usize,
    },
    /// The body is over. Consume `skip`; what follows belongs to the next message.
    End {
        /// Bytes of framing.
        skip: usize,
    },
    /// Consume `skip`, which is all of the input, and come back with more.
    More {
        /// Bytes of framing.
        skip: usize,
    },
}

/// Reads one body.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    trailers: Option<Fields>,
}

#[derive(Debug)]
enum State {
    Ended,
    /// So many bytes are still to come; at least 1.
    Length(u64),
    UntilClose,
    Chunked(ChunkReader),
}

impl BodyDecoder {
    /// A decoder at the start of a body, with [`ChunkLimits::default`].
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self::with_limits(framing, ChunkLimits::default())
    }

    /// A decoder at the start of a body.
    #[must_use]
    pub fn with_limits(framing: Framing, limits: ChunkLimits) -> Self {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Ended,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(ChunkReader::new(limits)),
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, trailers: None }
    }

    /// Looks at the start of `input`, which must begin where the last step left off. With nothing
    /// to look at it asks for more, unless the body has ended.
    ///
    /// # Errors
    /// When the framing is broken; the decoder must not be used again then.
    #[inline]
    pub fn decode(&mut self, input: &[u8]) -> Result<BodyStep, ParseError> {
        match &mut self.state {
            State::Ended => Ok(BodyStep::End { skip: 0 }),
            _ if input.is_empty() => Ok(BodyStep::More { skip: 0 }),
            State::Length(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= len as u64;
                if *left == 0 {
                    self.state = State::Ended;
                }
                Ok(BodyStep::Data { skip: 0, len })
            }
            State::UntilClose => Ok(BodyStep::Data { skip: 0, len: input.len() }),
            State::Chunked(reader) => {
                let step = reader.decode(input)?;
                if let BodyStep::End { .. } = step {
                    self.trailers = reader.take_trailers()?;
                    self.state = State::Ended;
                }
                Ok(step)
            }
        }
    }

    /// Bytes that are still to come of a body of known length, all of them data; 0 for others.
    #[must_use]
    pub const fn length_ahead(&self) -> u64 {
        match &self.state {
            State::Length(left) => *left,
            State::Ended | State::UntilClose | State::Chunked(_) => 0,
        }
    }

    /// Goes on past `count` bytes of data that were read elsewhere, [`BodyDecoder::length_ahead`]
    /// at most.
    pub fn took(&mut self, count: usize) {
        if let State::Length(left) = &mut self.state {
            *left = left.saturating_sub(count as u64);
            if *left == 0 {
                self.state = State::Ended;
            }
        }
    }

    /// The connection has ended: was that the end of the body?
    ///
    /// # Errors
    /// [`ParseError::Truncated`] when more was announced.
    pub fn at_eof(&mut self) -> Result<(), ParseError> {
        match self.state {
            State::UntilClose | State::Ended => {
                self.state = State::Ended;
                Ok(())
            }
            State::Length(_) | State::Chunked(_) => Err(ParseError::Truncated),
        }
    }

    /// Whether the body has been read whole. True right after the last byte of a body of known
    /// length; for a chunked one after its last CRLF.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Bytes of data that are still to come, where that is known: the rest of the length, or of
    /// the chunk that the decoder is in. At least so many bytes can be relayed without another look.
    #[must_use]
    pub const fn data_bytes_ahead(&self) -> u64 {
        match &self.state {
            State::Ended => 0,
            State::Length(left) => *left,
            State::UntilClose => u64::MAX,
            State::Chunked(reader) => reader.data_bytes_ahead(),
        }
    }

    /// The trailer fields, once the body has ended; without those that may not stand in a trailer.
    /// `None` when there are none, and when they have been taken.
    pub fn take_trailers(&mut self) -> Option<Fields> {
        self.trailers.take()
    }
}
