//! What a provider's refusal means for the lane, and for whether another is tried.

use std::time::Duration;

use architrave_balance::deployment::{Failure, Flight, LimitScope, RefusedReason, Rested};
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_net::Fields;

use super::run::{Attempted, Missed};
use crate::models::LiveLane;
use crate::worker::Worker;

/// What comes of a refusal.
pub(super) fn judge(error: ChatError, _fields: Option<&Fields>, _lane: &LiveLane) -> Attempted {
    let retry_after = error.retry_after_ms.map(Duration::from_millis);
    let failure = match error.kind {
        ErrorKind::RateLimited => Failure::RateLimited { scope: LimitScope::Lane, retry_after },
        ErrorKind::Overloaded => Failure::Overloaded { retry_after },
        ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Payment => Failure::Denied,
        ErrorKind::ContextTooLong => Failure::TooLong,
        ErrorKind::Timeout => Failure::TimedOut,
        ErrorKind::Internal => Failure::Broken,
        ErrorKind::NotFound => Failure::Broken,
        ErrorKind::InvalidRequest | ErrorKind::TooLarge | ErrorKind::ContentRefused => {
            return Attempted::Declined(Missed::provider(error, Reason::BadRequest));
        }
    };
    let reason = match failure {
        Failure::RateLimited { .. } => Reason::RateLimited,
        Failure::Overloaded { .. } => Reason::Overloaded,
        Failure::TimedOut => Reason::ResponseTimeout,
        Failure::Denied | Failure::TooLong | Failure::Broken => Reason::BadResponse,
    };
    Attempted::Failed(failure, Missed::provider(told(error), reason))
}

/// The failure as the client is told it: that a credential of the gateway's is not good is none of
/// the client's business, and is not to be taken for its own.
fn told(error: ChatError) -> ChatError {
    match error.kind {
        ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Payment => {
            let message = "the provider does not accept the gateway's credential";
            ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
        }
        _ => error,
    }
}

/// What the client is told when no lane is left that was not tried, or none that may be used.
pub(super) fn nobody_left(reason: RefusedReason, wait: Option<Duration>) -> Missed {
    let (kind, why) = match reason {
        RefusedReason::AtLimit | RefusedReason::RateLimited => {
            (ErrorKind::RateLimited, Reason::RateLimited)
        }
        RefusedReason::TooLong => (ErrorKind::ContextTooLong, Reason::BadRequest),
        RefusedReason::Denied | RefusedReason::Exhausted | RefusedReason::NoneAllowed => {
            (ErrorKind::Overloaded, Reason::NoHealthyEndpoint)
        }
    };
    let mut error = ChatError::new(kind, reason.to_string());
    error.retry_after_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    Missed::refused(error, why)
}

/// Takes in what the head of an answer says of quotas.
pub(super) fn see_quota(_flight: &Flight, _fields: &Fields, _worker: &Worker) {}

/// Says in the log who rests because of a failure.
pub(super) fn log(lane: &LiveLane, rested: Option<Rested>, missed: &Missed) {
    let Some(rested) = rested else { return };
    tracing::warn!(
        deployment = lane.name(),
        credential = lane.credential().map(|credential| credential.name.as_str()),
        scope = ?rested.scope,
        rests_ms = u64::try_from(rested.length.as_millis()).unwrap_or(u64::MAX),
        status = missed.error.status,
        "a deployment rests"
    );
}
