//! What an answer that is no answer says, and about whom. The one place where the scopes and the
//! lengths of rests are written down.

use std::time::Duration;

use super::rest::RestRule;

/// 429: about one credential and one model. Without a wait told, it begins with a second; a wait
/// told is believed up to five minutes, since a day's quota is sometimes refilled within minutes
/// by hand, and finding that out costs one refused request.
pub(crate) const RATE_LIMITED: RestRule = RestRule {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
    told_max: Duration::from_secs(300),
    trial_gap: Duration::from_secs(1),
};

/// 503 and 529: about the provider, and over within moments as a rule.
pub(crate) const OVERLOADED: RestRule = RestRule {
    first: Duration::from_millis(250),
    longest: Duration::from_secs(30),
    told_max: Duration::from_secs(60),
    trial_gap: Duration::from_secs(1),
};

/// 401, 402, 403: about the credential, until somebody does something about it.
pub(crate) const DENIED: RestRule = RestRule {
    first: Duration::from_secs(60),
    longest: Duration::from_secs(900),
    told_max: Duration::from_secs(900),
    trial_gap: Duration::from_secs(10),
};

/// Failures in a row of one lane. Whether it is well again may take as long as a first token takes
/// to come or not to.
pub(crate) const FAILING: RestRule = RestRule {
    first: Duration::from_secs(2),
    longest: Duration::from_secs(60),
    told_max: Duration::from_secs(60),
    trial_gap: Duration::from_secs(15),
};

/// So many failures in a row make a lane a failing one.
pub(crate) const FAILURES_IN_ROW: u32 = 3;

/// What a failed attempt says. What the client did wrong, and what a provider refuses to say, is
/// no failure: that is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The provider takes no more from this credential for now (429).
    RateLimited {
        /// At this model, unless it says otherwise.
        scope: Scope,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider has too much to do, whoever asks (503, 529).
    Overloaded {
        /// With everything, unless it says otherwise.
        scope: Scope,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The credential is not good, not paid for, or may not (401, 402, 403).
    Denied {
        /// At every model, unless it says otherwise.
        scope: Scope,
    },
    /// The provider has no such model (404). Others are asked first for a while; the lane is
    /// still asked when there are none, so that the client learns what is wrong.
    NotFound,
    /// The prompt is longer than this deployment's context. Says nothing about the lane.
    TooLong,
    /// No connection, a reset, a stream that broke off, another 5xx.
    Broken,
    /// No first token, or a stall, for longer than there was patience.
    TimedOut,
}

/// Whom something is about: who rests because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This credential at this model.
    Lane,
    /// This credential at every model.
    Credential,
    /// The provider, whoever asks.
    Provider,
}

impl Failure {
    /// The word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded { .. } => "overloaded",
            Self::Denied { .. } => "denied",
            Self::NotFound => "not_found",
            Self::TooLong => "too_long",
            Self::Broken => "broken",
            Self::TimedOut => "timed_out",
        }
    }

    /// How many failures in a row it counts as. A timeout has cost somebody all their patience,
    /// and what is not there will not be there a moment later: the next request should not find
    /// that out again.
    pub(crate) const fn strikes(self) -> u32 {
        match self {
            Self::Broken => 1,
            Self::TimedOut | Self::NotFound => FAILURES_IN_ROW,
            _ => 0,
        }
    }

    /// Whether it makes the lane look slow: somebody got nothing for the time it took.
    pub(crate) const fn counts_as_slow(self) -> bool {
        matches!(self, Self::Overloaded { .. } | Self::Broken | Self::TimedOut)
    }
}
