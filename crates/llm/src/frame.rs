//! How a stream is cut into events: server-sent events, AWS's binary event stream, or one JSON
//! array that grows.
//!
//! Readers are pushed bytes in any cut and call back with whole events; what an event means is its
//! dialect's business.

mod aws;
pub(crate) mod crc32;
mod edge;
mod json_array;
mod sse;
mod write;

use thiserror::Error;

pub(crate) use edge::SSE_EDGES;
pub use edge::last_edge;
pub use write::FrameWriter;

/// An event may not be larger; images in a reply reach some megabytes.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How a stream is cut into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// `application/vnd.amazon.eventstream`.
    AwsEvents,
    /// One JSON array, an element an event.
    JsonArray,
}

impl Framing {
    /// The media type of such a stream.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::AwsEvents => "application/vnd.amazon.eventstream",
            Self::JsonArray => "application/json",
        }
    }
}

/// One event of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'f> {
    /// Its name; empty where it has none.
    pub name: &'f str,
    /// Whether the framing itself says that this is a failure (AWS exceptions).
    pub is_exception: bool,
    /// What it says, mostly JSON.
    pub data: &'f str,
}

/// What is wrong with an event. It is skipped, and the stream goes on, but where it says not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// It is larger than [`FRAME_BYTES_MAX`].
    #[error("an event of the stream is too large")]
    TooLarge,
    /// It is not UTF-8.
    #[error("an event of the stream is not UTF-8")]
    NotUtf8,
    /// Its checksum or its headers are wrong.
    #[error("an event of the stream is damaged")]
    Damaged,
    /// The stream cannot be cut into events any more; nothing comes after this.
    #[error("the stream has lost its framing")]
    Lost,
}

/// Called with each event, or with what is wrong with it.
pub type EachFrame<'e> = dyn FnMut(Result<Frame<'_>, FrameError>) + 'e;

/// Cuts a stream into events.
#[derive(Debug)]
pub struct FrameReader(Kind);

#[derive(Debug)]
enum Kind {
    Sse(sse::Reader),
    Aws(aws::Reader),
    Array(json_array::Reader),
}

impl FrameReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::Sse => Kind::Sse(sse::Reader::default()),
            Framing::AwsEvents => Kind::Aws(aws::Reader::default()),
            Framing::JsonArray => Kind::Array(json_array::Reader::default()),
        })
    }

    /// Reads the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8], each: &mut EachFrame<'_>) {
        match &mut self.0 {
            Kind::Sse(reader) => reader.push(bytes, each),
            Kind::Aws(reader) => reader.push(bytes, each),
            Kind::Array(reader) => reader.push(bytes, each),
        }
    }

    /// The stream has ended: an event that only misses its blank line is still one.
    pub fn end(&mut self, each: &mut EachFrame<'_>) {
        if let Kind::Sse(reader) = &mut self.0 {
            reader.end(each);
        }
    }
}

/// Gives an event on, or says that it is no text.
fn give(name: &str, is_exception: bool, data: &[u8], each: &mut EachFrame<'_>) {
    match std::str::from_utf8(data) {
        Ok(data) => each(Ok(Frame { name, is_exception, data })),
        Err(_) => each(Err(FrameError::NotUtf8)),
    }
}

#[cfg(test)]
mod tests;
