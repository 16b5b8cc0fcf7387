//! Failures to order.

use super::{Mock, draw};
use crate::chat::{ChatError, ErrorKind};

/// How long a client is told to wait that has had too much.
const WAIT_MS: u64 = 1_000;

/// A failure as a provider would tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MockFailure {
    /// Status and body.
    pub error: ChatError,
    /// Headers beside those that every answer has.
    pub headers: Vec<(&'static str, &'static str)>,
}

impl MockFailure {
    pub(super) fn of(mock: &Mock, number: u64) -> Option<Self> {
        // Multiples of the golden ratio: of each hundred in a row, as many fail as are to.
        let place = draw::fraction(number.wrapping_mul(draw::GOLDEN));
        (place < mock.fail_percent / 100.0).then(|| Self::with(mock.fail_status))
    }

    fn with(status: u16) -> Self {
        let kind = ErrorKind::of_status(status);
        let message = format!("the mock provider answers {status}, as it was told to");
        let mut error = ChatError { status, ..ChatError::new(kind, message) };
        let mut headers = Vec::new();
        if kind == ErrorKind::RateLimited {
            error.retry_after_ms = Some(WAIT_MS);
            headers.extend([
                ("retry-after", "1"),
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "1s"),
            ]);
        }
        Self { error, headers }
    }
}
