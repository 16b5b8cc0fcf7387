//! A failure that a client is told, in no dialect yet.

use thiserror::Error;

use crate::dialect::Dialect;
use crate::json::JsonError;
use crate::scan::ScanError;

/// A failure, a provider's or our own.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ChatError {
    /// What sort of failure.
    pub kind: ErrorKind,
    /// HTTP status; of a failure in mid-stream the one that it would have had.
    pub status: u16,
    /// For people. Of a provider, or ours; never with secrets.
    pub message: String,
    /// The provider's own word for it.
    pub code: Option<String>,
    /// The field that it is about.
    pub param: Option<String>,
    /// How long to wait before the next try, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The provider's id of the failed request.
    pub request_id: Option<Box<str>>,
    /// Whether a limit that was reached counts everything of the account, not one model alone.
    pub is_of_account: bool,
    /// What the provider said, whole, and in which dialect: details that the form has no place for
    /// are in it. A client of the same dialect is told that.
    pub said: Option<Box<(Dialect, String)>>,
}

/// The sorts of failure, as far as callers act on them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong.
    InvalidRequest,
    /// The credential is missing or wrong.
    Authentication,
    /// The credential may not.
    Permission,
    /// The account has no money left.
    Payment,
    /// There is no such model or object.
    NotFound,
    /// The request is too large in bytes.
    TooLarge,
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// A filter refused the content; trying elsewhere is no remedy.
    ContentRefused,
    /// One credential and model have had too much for now.
    RateLimited,
    /// The provider as a whole is busy.
    Overloaded,
    /// It took too long.
    Timeout,
    /// The provider failed.
    Internal,
}

impl ErrorKind {
    /// The HTTP status where nothing says another.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::ContextTooLong | Self::ContentRefused => 400,
            Self::Authentication => 401,
            Self::Payment => 402,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::Timeout => 504,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Overloaded => 503,
            Self::Internal => 500,
        }
    }

    /// The sort that a status alone tells.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Payment,
            403 => Self::Permission,
            404 | 410 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::Internal,
        }
    }
}

impl ChatError {
    /// A failure of that sort, with the status it has by itself.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: kind.status(),
            message: message.into(),
            code: None,
            param: None,
            retry_after_ms: None,
            request_id: None,
            is_of_account: false,
            said: None,
        }
    }

    /// A request that is wrong about one field.
    #[must_use]
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(ErrorKind::InvalidRequest, message) }
    }

    /// What a provider said in a reply that is in no dialect: a proxy's HTML, an empty body. The
    /// body is not repeated.
    #[must_use]
    pub fn unreadable(status: u16) -> Self {
        let kind = ErrorKind::of_status(status);
        let message = format!("the provider answered {status} without a readable error");
        Self { status, ..Self::new(kind, message) }
    }
}

impl From<JsonError> for ChatError {
    fn from(error: JsonError) -> Self {
        let param = (!error.path.is_empty()).then(|| error.path.clone());
        Self { param, ..Self::new(ErrorKind::InvalidRequest, error.to_string()) }
    }
}

impl From<ScanError> for ChatError {
    fn from(error: ScanError) -> Self {
        Self::new(ErrorKind::InvalidRequest, error.to_string())
    }
}
