//! Why bytes are not the HTTP/1.1 that is spoken here: one variant for each cause.
//!
//! No text of the peer is carried: an error names the rule that was broken and nothing else, so it
//! can be logged and counted as it is.

use architrave_core::Reason;

/// Why a message is refused.
///
/// After any of these the connection cannot be read any further: answer, then close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ParseError {
    /// A bare LF or a bare CR.
    #[error("a line does not end with CRLF")]
    LineEnd,
    /// More than one empty line before a request line, or any before a status line.
    #[error("empty lines before the message")]
    EmptyLines,
    /// The request line is not `method SP target SP version`.
    #[error("the request line is malformed")]
    RequestLine,
    /// A method longer than 32 bytes, or `HEAD` or `CONNECT` in another case: some origins would
    /// take it for the standard one, whose responses are framed differently.
    #[error("the method is not one that can be forwarded")]
    Method,
    /// `CONNECT`: the gateway is no forward proxy.
    #[error("CONNECT is not supported")]
    Connect,
    /// The target is in no form that the method allows, or holds bytes that must be encoded.
    #[error("the request target is malformed")]
    Target,
    /// The target is longer than the limit.
    #[error("the request target is too long")]
    TargetTooLong,
    /// Not the shape of a version.
    #[error("the version is malformed")]
    Version,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    #[error("the version is not supported")]
    VersionNotSupported,
    /// The status line is not `version SP 3DIGIT [SP reason]` with a status from 100 to 999.
    #[error("the status line is malformed")]
    StatusLine,
    /// A field name that is no token; also white space before the colon and folded lines.
    #[error("a field name is malformed")]
    FieldName,
    /// A control character in a field value.
    #[error("a field value is malformed")]
    FieldValue,
    /// The head is larger than the limit.
    #[error("the head is too large")]
    HeadTooLong,
    /// The head has more fields than the limit.
    #[error("the head has too many fields")]
    TooManyFields,
    /// `Connection` names more than 32 options.
    #[error("too many connection options")]
    TooManyConnectionOptions,
    /// HTTP/1.1 without `Host`.
    #[error("the host field is missing")]
    HostMissing,
    /// More than one `Host`.
    #[error("there is more than one host field")]
    HostRepeated,
    /// `Host`, or the authority of the target, is not `host [":" port]`.
    #[error("the host is malformed")]
    HostMalformed,
    /// Not `1*DIGIT`, or above 2⁶³−1.
    #[error("the content length is malformed")]
    ContentLength,
    /// More than one `Content-Length`, be they equal.
    #[error("there is more than one content length")]
    ContentLengthRepeated,
    /// Anything but `chunked`, once.
    #[error("the transfer encoding is not exactly chunked")]
    TransferEncoding,
    /// `Transfer-Encoding` in HTTP/1.0, which does not know it.
    #[error("transfer encoding in HTTP/1.0")]
    TransferEncodingInHttp10,
    /// Both `Content-Length` and `Transfer-Encoding`.
    #[error("both a content length and a transfer encoding")]
    LengthAndTransferEncoding,
    /// An interim (1xx) response that announces a body.
    #[error("an interim response with a body")]
    InterimWithBody,
    /// A chunk size that is not 1 to 16 hexadecimal digits, or above 2⁶³−1.
    #[error("a chunk size is malformed")]
    ChunkSize,
    /// A chunk extension with a control character in it.
    #[error("a chunk extension is malformed")]
    ChunkExtension,
    /// Chunk extensions above the limits.
    #[error("chunk extensions are too long")]
    ChunkExtensionTooLong,
    /// A chunk that is not followed by CRLF: its data is longer or shorter than it said.
    #[error("a chunk does not end where it should")]
    ChunkEnd,
    /// Trailer fields above the limits.
    #[error("the trailer section is too large")]
    TrailersTooLong,
    /// The connection ended before the body did.
    #[error("the body was cut short")]
    Truncated,
}

impl ParseError {
    /// The reason to answer a client with. For a response the caller says `BadResponse` instead
    /// (or `UpstreamReset` for [`ParseError::Truncated`]).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Method | Self::Connect => Reason::NotImplemented,
            Self::TargetTooLong => Reason::UriTooLong,
            Self::VersionNotSupported => Reason::VersionNotSupported,
            Self::HeadTooLong | Self::TooManyFields | Self::TrailersTooLong => Reason::HeadTooLarge,
            Self::Truncated => Reason::ClientClosed,
            _ => Reason::BadRequest,
        }
    }

    /// What httparse found, in our words.
    pub(super) const fn of_tokens(error: httparse::Error) -> Self {
        match error {
            httparse::Error::HeaderName => Self::FieldName,
            httparse::Error::HeaderValue => Self::FieldValue,
            httparse::Error::NewLine => Self::LineEnd,
            httparse::Error::Status => Self::StatusLine,
            httparse::Error::Token => Self::RequestLine,
            httparse::Error::TooManyHeaders => Self::TooManyFields,
            httparse::Error::Version => Self::Version,
        }
    }
}
