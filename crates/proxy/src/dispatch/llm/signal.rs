//! What a provider's refusal means for the lane, and for whether another is tried.

use std::time::Duration;

use architrave_balance::deployment::{
    self as balance, End, Failure, Flight, QuotaKind, QuotaSeen, RefusedReason, Rested,
};
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::signal::{Limits, Quota, Scope, Signal, SignalKind};
use architrave_net::Fields;
use smallvec::SmallVec;

use super::attempted::Attempted;
use super::missed::Missed;
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A model: what fails says something of the lane to it.
    Model,
    /// Something that lives at the provider: that it is not there, or may not be had, says nothing
    /// of the model along whose lane it was asked for.
    Thing,
}

/// What comes of a refusal.
pub(super) fn judge(mut error: ChatError, limits: &Limits, about: About) -> Attempted {
    let signal = Signal::of(error.status, limits, Some(&error));
    if let Some(wait) = signal.wait {
        error.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    }
    let (scope, retry_after) = (scope(signal.scope), signal.wait);
    let (failure, reason) = match signal.kind {
        SignalKind::RateLimited => {
            (Failure::RateLimited { scope, retry_after }, Reason::RateLimited)
        }
        SignalKind::Overloaded => (Failure::Overloaded { scope, retry_after }, Reason::Overloaded),
        SignalKind::CredentialRefused | SignalKind::Unpaid => {
            (Failure::Denied { scope }, Reason::BadResponse)
        }
        SignalKind::NotFound => (Failure::NotFound, Reason::BadResponse),
        SignalKind::ContextTooLong => (Failure::TooLong, Reason::BadRequest),
        SignalKind::TimedOut => (Failure::TimedOut, Reason::ResponseTimeout),
        SignalKind::Fine
        | SignalKind::Broken
        | SignalKind::ContentRefused
        | SignalKind::RequestRefused => (Failure::Broken, Reason::BadResponse),
    };
    if !signal.is_worth_another {
        return Attempted::Declined(Missed::provider(told(error, &signal), Reason::BadRequest));
    }
    let is_refused = matches!(signal.kind, SignalKind::NotFound | SignalKind::CredentialRefused);
    let is_of_thing = is_refused && (signal.scope == Scope::Lane || error.status != 401);
    if about == About::Thing && is_of_thing {
        return Attempted::Void(End::Unsent, Missed::provider(told(error, &signal), reason));
    }
    let said = Some(error.status);
    Attempted::Failed(failure, Missed { said, ..Missed::provider(told(error, &signal), reason) })
}

/// Whom a failure is about, in the words of balancing.
const fn scope(scope: Scope) -> balance::Scope {
    match scope {
        Scope::Nobody | Scope::Request | Scope::Lane => balance::Scope::Lane,
        Scope::Credential => balance::Scope::Credential,
        Scope::Provider => balance::Scope::Provider,
    }
}

/// The failure as the client is told it: that a credential of the gateway's is not good, what is
/// left in its account and whose that is are none of the client's business, and not to be taken
/// for its own.
fn told(mut error: ChatError, signal: &Signal) -> ChatError {
    match signal.kind {
        SignalKind::CredentialRefused | SignalKind::Unpaid => {
            let message = "the provider does not accept the gateway's credential";
            ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
        }
        kind => {
            let is_about_limit = kind == SignalKind::RateLimited;
            error.message = without_accounts(&error.message, is_about_limit);
            if let Some((_, said)) = error.said.as_deref_mut() {
                *said = without_accounts(said, is_about_limit);
            }
            error
        }
    }
}

/// A message without the names of accounts, projects and keys at the provider. Limits are told by
/// them, whatever they look like; other failures may quote what the client has said, of which only
/// what looks like a made name is taken for one.
fn without_accounts(message: &str, is_about_limit: bool) -> String {
    const NAMED: [&str; 6] = ["org-", "org_", "proj_", "proj-", "ak-", "acct_"];
    const MADE_LENGTH_MIN: usize = 16;
    let is_of_name = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_');
    let is_account = |word: &str| {
        let name = NAMED.iter().find_map(|begin| word.strip_prefix(begin));
        let looks_made = |name: &str| {
            name.len() >= MADE_LENGTH_MIN || name.contains(|it: char| it.is_ascii_digit())
        };
        name.is_some_and(|name| is_about_limit || looks_made(name))
    };
    let mut told = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(is_of_name) {
        let (between, from) = rest.split_at(start);
        let end = from.find(|it| !is_of_name(it)).unwrap_or(from.len());
        let (word, behind) = from.split_at(end);
        told.push_str(between);
        told.push_str(if is_account(word) { "…" } else { word });
        rest = behind;
    }
    told.push_str(rest);
    told
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

/// What the head of an answer says of limits; what is left of quotas steers the next choices.
pub(super) fn limits(worker: &Worker, flight: &Flight, fields: &Fields) -> Limits {
    let headers = fields.iter().map(|field| (field.name, field.value));
    let limits = Limits::read(headers, worker.wall());
    if !limits.quota.is_empty() {
        flight.see_quota(&seen(&limits.quota), worker.now());
    }
    limits
}

fn seen(quota: &Quota) -> SmallVec<[QuotaSeen; 4]> {
    let windows = [
        (QuotaKind::Requests, quota.requests),
        (QuotaKind::Tokens, quota.tokens),
        (QuotaKind::InputTokens, quota.input_tokens),
        (QuotaKind::OutputTokens, quota.output_tokens),
    ];
    let seen = windows.into_iter().filter_map(|(kind, window)| {
        let window = window?;
        Some(QuotaSeen {
            kind,
            limit: window.limit,
            remaining: window.remaining,
            reset_after: window.resets_in,
        })
    });
    seen.collect()
}

/// Counts an attempt that failed, and says in the log who rests because of it.
pub(super) fn note(
    (worker, exchange): (&Worker, &Exchange<'_>),
    lane: &LiveLane,
    (failure, rested): (Failure, Option<Rested>),
    missed: &Missed,
) {
    if let Some(metrics) = exchange.llm.as_ref().and_then(|facts| facts.metrics.as_ref()) {
        metrics.attempt_failed(worker.index(), failure.word());
    }
    let Some(rested) = rested else { return };
    tracing::warn!(
        deployment = lane.name(),
        credential = lane.credential().map(|credential| credential.name.as_str()),
        why = failure.word(),
        rests_ms = u64::try_from(rested.length.as_millis()).unwrap_or(u64::MAX),
        status = missed.said,
        "{}",
        match rested.scope {
            balance::Scope::Lane => "a deployment rests",
            balance::Scope::Credential => "a credential rests",
            balance::Scope::Provider => "a provider rests",
        }
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, message: &str) -> String {
        let kind = ErrorKind::of_status(status);
        let error = ChatError { status, ..ChatError::new(kind, message) };
        match judge(error, &Limits::default(), About::Model) {
            Attempted::Failed(_, missed) | Attempted::Declined(missed) => missed.error.message,
            _ => panic!("a refusal is one or the other"),
        }
    }

    #[test]
    fn no_failure_tells_whose_account_it_is_about() {
        for status in [400, 404, 408, 409, 413, 422, 429, 500, 503, 529] {
            let message = "no (org-abc123), `proj_AbCdEfGhIjKlMnOpQ`: ask";
            assert_eq!(told(status, message), "no (…), `…`: ask", "{status}");
        }
        assert_eq!(told(429, "limit of org-x."), "limit of ….");
        let quoted = "`org-chart` and sk are no tools, ör-1 neither";
        assert_eq!(told(400, quoted), quoted);
        assert_eq!(told(400, ""), "");
    }
}
