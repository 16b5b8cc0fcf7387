//! What can go wrong while a message crosses a connection.

use std::io;

use architrave_core::Reason;

use crate::h1::ParseError;

/// Why a message could not be read or written whole.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other side closed within a message.
    #[error("connection closed within a message")]
    Closed,
    /// The connection failed.
    #[error("connection failed: {0}")]
    Io(#[from] io::Error),
    /// The bytes break the protocol.
    #[error("{0}")]
    Protocol(#[from] ParseError),
    /// Nothing moved for longer than the limit.
    #[error("nothing moved for longer than the limit")]
    Stalled,
    /// The body comes slower than the least rate.
    #[error("the body comes slower than the least rate")]
    TooSlow,
    /// The body is longer than the limit.
    #[error("body larger than the limit")]
    TooLarge,
    /// The body is not as long as its head said.
    #[error("body length differs from the one declared")]
    LengthMismatch,
    /// The HTTP/2 stream or connection failed.
    #[error("http/2: {0}")]
    H2(#[from] h2::Error),
}

impl WireError {
    /// The reason when a client's message failed so.
    #[must_use]
    pub fn downstream_reason(&self) -> Reason {
        match self {
            Self::Closed | Self::Io(_) | Self::H2(_) => Reason::ClientClosed,
            Self::Protocol(error) => error.reason(),
            Self::Stalled | Self::TooSlow => Reason::ClientTimeout,
            Self::TooLarge => Reason::BodyTooLarge,
            Self::LengthMismatch => Reason::BadRequest,
        }
    }

    /// The reason when an endpoint's message failed so.
    #[must_use]
    pub const fn upstream_reason(&self) -> Reason {
        match self {
            Self::Closed | Self::Io(_) | Self::H2(_) => Reason::UpstreamReset,
            Self::Protocol(_) | Self::LengthMismatch | Self::TooLarge => Reason::BadResponse,
            Self::Stalled | Self::TooSlow => Reason::StallTimeout,
        }
    }
}
