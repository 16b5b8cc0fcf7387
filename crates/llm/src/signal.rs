//! What a provider's answer means for who is asked next: whom a failure is about, how long that one
//! is to be left alone, whether another may answer instead; and what answers say is left of limits.
//!
//! The taxonomy, which the rest of the gateway takes as it is:
//!
//! - 429 is about one credential and one model, unless it says that it is about the account.
//! - 503 and 529 are about the provider and say nothing of the credential.
//! - 401, 402 and 403 are about the credential; of one model or one operation, about that lane.
//! - A prompt that is too long is about nobody: it goes where it fits.
//! - Refused content is an answer, and so is a request that is wrong.
//!
//! It keeps nothing: balancing does.

mod limits;
mod name;
mod quota;
mod rate_limit_field;
mod when;
mod words;

use std::time::Duration;

use crate::chat::{ChatError, ErrorKind};

pub use limits::Limits;
pub use quota::{Quota, Window};

use words::Words;

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// What happened.
    pub kind: SignalKind,
    /// Whom it is about.
    pub scope: Scope,
    /// How long the provider asks to wait. Nothing bounds it: some ask for days.
    pub wait: Option<Duration>,
    /// Whether another deployment may well answer the same request.
    pub is_worth_another: bool,
}

/// Whom an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Nobody: all is well.
    Nobody,
    /// The request alone; whoever was asked has done nothing wrong.
    Request,
    /// One credential at one model.
    Lane,
    /// The credential at every model.
    Credential,
    /// The provider, whoever asks.
    Provider,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// It answered.
    Fine,
    /// It takes no more for now.
    RateLimited,
    /// It has too much to do, whoever asks.
    Overloaded,
    /// The request does not fit: the prompt into the context, the body into what it takes, or the
    /// tokens into what a minute allows.
    ContextTooLong,
    /// A filter refused the content.
    ContentRefused,
    /// The credential is wrong, or may not.
    CredentialRefused,
    /// The account has no money left.
    Unpaid,
    /// There is no such model there.
    NotFound,
    /// The request is wrong.
    RequestRefused,
    /// It took too long.
    TimedOut,
    /// It failed.
    Broken,
}

impl SignalKind {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ContextTooLong => "context_too_long",
            Self::ContentRefused => "content_refused",
            Self::CredentialRefused => "credential_refused",
            Self::Unpaid => "unpaid",
            Self::NotFound => "not_found",
            Self::RequestRefused => "request_refused",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
        }
    }
}

impl Signal {
    /// What an answer with that status means. `limits` is what its headers say; `error` what its
    /// body says, or an event in mid-stream, where it could be read. What AWS says in a header of
    /// its own must have been added to it.
    #[must_use]
    pub fn of(status: u16, limits: &Limits, error: Option<&ChatError>) -> Self {
        if error.is_none() && (100..300).contains(&status) {
            return Self::new(SignalKind::Fine, Scope::Nobody, None);
        }
        let (kind, scope) = judge(status, limits, error);
        Self::new(kind, scope, wait(kind, limits, error))
    }

    fn new(kind: SignalKind, scope: Scope, wait: Option<Duration>) -> Self {
        let is_worth_another = match kind {
            SignalKind::Fine | SignalKind::ContentRefused | SignalKind::RequestRefused => false,
            SignalKind::NotFound => scope != Scope::Request,
            _ => true,
        };
        Self { kind, scope, wait, is_worth_another }
    }
}

/// What happened, and whom it is about.
fn judge(status: u16, limits: &Limits, error: Option<&ChatError>) -> (SignalKind, Scope) {
    let words = Words::of(error);
    let is_of_account = limits.is_of_account || error.is_some_and(|error| error.is_of_account);
    let sort = match (error, status) {
        // A redirect is followed nowhere.
        (None, 300..=399) => ErrorKind::Internal,
        // What a server of models cannot do, it will not do later.
        (_, 501) => ErrorKind::NotFound,
        // A proxy before the provider waited in vain.
        (None, 524) => ErrorKind::Timeout,
        (Some(error), _) => error.kind,
        (None, status) => ErrorKind::of_status(status),
    };
    match sort {
        _ if words.are_about_money(status) => (SignalKind::Unpaid, Scope::Credential),
        ErrorKind::Payment => (SignalKind::Unpaid, Scope::Credential),
        ErrorKind::RateLimited if words.are_about_size() => {
            (SignalKind::ContextTooLong, Scope::Request)
        }
        ErrorKind::RateLimited if is_of_account || words.are_about_account() => {
            (SignalKind::RateLimited, Scope::Credential)
        }
        ErrorKind::RateLimited if words.are_about_a_model_that_starts() => {
            (SignalKind::Overloaded, Scope::Lane)
        }
        ErrorKind::RateLimited => (SignalKind::RateLimited, Scope::Lane),
        ErrorKind::Overloaded if words.are_about_one_models_load() => {
            (SignalKind::Overloaded, Scope::Lane)
        }
        ErrorKind::Overloaded => (SignalKind::Overloaded, Scope::Provider),
        ErrorKind::ContextTooLong | ErrorKind::TooLarge => {
            (SignalKind::ContextTooLong, Scope::Request)
        }
        ErrorKind::ContentRefused => (SignalKind::ContentRefused, Scope::Request),
        ErrorKind::Permission if words.are_about_content() => {
            (SignalKind::ContentRefused, Scope::Request)
        }
        ErrorKind::Permission | ErrorKind::NotFound if words.are_about_an_object() => {
            (SignalKind::NotFound, Scope::Request)
        }
        ErrorKind::Permission if words.are_about_a_model() => {
            (SignalKind::CredentialRefused, Scope::Lane)
        }
        ErrorKind::Authentication | ErrorKind::Permission if words.are_about_an_operation() => {
            (SignalKind::CredentialRefused, Scope::Lane)
        }
        ErrorKind::Authentication | ErrorKind::Permission => {
            (SignalKind::CredentialRefused, Scope::Credential)
        }
        ErrorKind::NotFound => (SignalKind::NotFound, Scope::Lane),
        ErrorKind::InvalidRequest => (SignalKind::RequestRefused, Scope::Request),
        ErrorKind::Timeout => (SignalKind::TimedOut, Scope::Lane),
        ErrorKind::Internal => (SignalKind::Broken, Scope::Lane),
    }
}

/// How long to wait: what is said in so many words, else, where there is too much for now, when the
/// limit that is used up is there again, else what the message says in passing. Of what concerns the
/// gateway's own credential no client is told when to come again.
fn wait(kind: SignalKind, limits: &Limits, error: Option<&ChatError>) -> Option<Duration> {
    if matches!(kind, SignalKind::CredentialRefused | SignalKind::Unpaid) {
        return None;
    }
    let said = error.and_then(|error| error.retry_after_ms).map(Duration::from_millis);
    let said = limits.wait.or(said);
    if !matches!(kind, SignalKind::RateLimited | SignalKind::Overloaded) {
        return said;
    }
    let used_up = || limits.quota.used_up_for().filter(|_| kind == SignalKind::RateLimited);
    let in_passing = || when::in_words(&error?.message);
    said.or_else(used_up).or_else(in_passing)
}

#[cfg(test)]
mod tests;
