//! What an answer, or its absence, says of a provider and its credential.

use architrave_config::ports::TestFault;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::{Dialect, add_aws_error_type};
use architrave_net::fetch::{FetchError, WholeAnswer};

use super::fault;

/// What an answer refuses for; `None` where it does not.
pub(super) fn error_of(dialect: Dialect, answer: &WholeAnswer) -> Option<ChatError> {
    match answer.status {
        200..300 => return None,
        300..400 => {
            let message = format!(
                "it answers {} and wants to be asked elsewhere, which is not followed; its address \
                 may be wrong",
                answer.status
            );
            return Some(ChatError {
                status: answer.status,
                ..ChatError::new(ErrorKind::Internal, message)
            });
        }
        _ => {}
    }
    let mut error = dialect.read_error(answer.status, &answer.body);
    let word = answer.fields.get("x-amzn-errortype");
    if let Some(word) = word.and_then(|word| std::str::from_utf8(word).ok()) {
        add_aws_error_type(&mut error, word);
    }
    Some(error)
}

/// Whether a refusal tells that the credential was taken or not; most do not.
pub(super) fn is_authenticated(error: &ChatError) -> Option<bool> {
    match error.kind {
        ErrorKind::Authentication => Some(false),
        // Whose account has no money is known by then.
        ErrorKind::Payment => Some(true),
        _ => None,
    }
}

/// Whether a model that reasons was cut off before its first word, which OpenAI tells as an error:
/// it was asked, and it answered.
pub(super) fn is_cut_short(error: &ChatError) -> bool {
    error.kind == ErrorKind::InvalidRequest
        && error.message.contains("model output limit was reached")
}

/// A refusal of a provider's, in its own words.
pub(super) fn refused(error: &ChatError) -> TestFault {
    let reason = match error.kind {
        ErrorKind::InvalidRequest => "request_refused",
        ErrorKind::Authentication => "credential_refused",
        ErrorKind::Permission => "not_permitted",
        ErrorKind::Payment => "unpaid",
        ErrorKind::NotFound => "not_found",
        ErrorKind::TooLarge | ErrorKind::ContextTooLong => "too_large",
        ErrorKind::ContentRefused => "content_refused",
        ErrorKind::RateLimited => "rate_limited",
        ErrorKind::Overloaded => "overloaded",
        ErrorKind::Timeout => "timed_out",
        ErrorKind::Internal => "failed",
    };
    fault(reason, error.message.clone())
}

/// Why there is no answer.
pub(super) fn unanswered(error: &FetchError) -> TestFault {
    let reason = match error {
        FetchError::Dns(_) | FetchError::NoAddress => "not_resolved",
        FetchError::Egress(_) => "address_not_allowed",
        FetchError::Connect(_) => "not_connected",
        FetchError::Tls(_) => "tls_failed",
        FetchError::Io(_) | FetchError::Closed => "cut_off",
        FetchError::Malformed(_) => "malformed_answer",
        FetchError::TooLong(_) => "too_large",
    };
    fault(reason, error.to_string())
}
