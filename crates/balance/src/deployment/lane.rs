//! One lane as it lives: one per provider, model there and credential, shared by every fleet and
//! worker, carried over from reload to reload.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Moment;

use super::credential::Credential;
use super::failure::{
    DENIED, FAILING, FAILURES_IN_ROW, Failure, LimitScope, OVERLOADED, RATE_LIMITED,
};
use super::flight::{Rested, Scope};
use super::hindrance::Hindrance;
use super::load::{LaneLoad, Size};
use super::pace::Pace;
use super::provider::Provider;
use super::quota::Quota;
use super::rest::{Hold, Rest};
use crate::hash::hash_key;

/// One way to one model: a provider, the model's name there, a credential.
#[derive(Debug)]
pub struct Lane {
    pub(crate) provider: Arc<Provider>,
    pub(crate) credential: Arc<Credential>,
    model: Box<str>,
    /// What stands for it in a hash: its names alone, so that affinity is the same on every node
    /// and after every restart.
    pub(crate) identity: u64,
    pub(crate) load: LaneLoad,
    pub(crate) pace: Pace,
    pub(crate) quota: Quota,
    /// Since a 429.
    pub(crate) rate_limited: Rest,
    /// Since it failed several times in a row.
    pub(crate) failing: Rest,
    /// Failures in a row.
    streak: AtomicU32,
    /// When a request was last sent there, in nanoseconds of the clock.
    asked_at: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Lane {
    pub(crate) fn new(provider: Arc<Provider>, credential: Arc<Credential>, model: &str) -> Self {
        let names = [&provider.name, model, &credential.name].join("\n");
        Self {
            identity: hash_key(names.as_bytes()),
            provider,
            credential,
            model: Box::from(model),
            load: LaneLoad::default(),
            pace: Pace::default(),
            quota: Quota::default(),
            rate_limited: Rest::default(),
            failing: Rest::default(),
            streak: AtomicU32::new(0),
            asked_at: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider.name
    }

    /// The name of the model there.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The name of the credential; empty when there is none.
    #[must_use]
    pub fn credential(&self) -> &str {
        &self.credential.name
    }

    /// Requests in flight, over all workers.
    #[must_use]
    pub fn requests_in_flight(&self) -> u32 {
        self.load.requests()
    }

    /// Tokens in flight, over all workers.
    #[must_use]
    pub fn tokens_in_flight(&self) -> u64 {
        self.load.tokens()
    }

    /// What a first token should take for a prompt of so many tokens, behind those that wait
    /// already; `None` before the first token of all.
    #[must_use]
    pub fn expected_first_token(&self, prompt_tokens: u64) -> Option<Duration> {
        let tokens = prompt_tokens.saturating_add(self.load.waiting_prompt());
        let seconds = self.pace.first_token_seconds(tokens)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// When a request was last sent there; [`Moment::ZERO`] when none was.
    pub(crate) fn asked_at(&self) -> Moment {
        Moment::from_nanos(self.asked_at.load(Ordering::Relaxed))
    }

    /// What hinders it whatever is asked, and until when; the worst, if there are several.
    #[inline]
    pub(crate) fn hold(&self, now: Moment) -> Option<(Hindrance, Moment)> {
        let rests = [
            (Hindrance::Denied, &self.credential.denied),
            (Hindrance::RateLimited, &self.credential.rate_limited),
            (Hindrance::RateLimited, &self.rate_limited),
            (Hindrance::Failing, &self.failing),
            (Hindrance::Overloaded, &self.provider.overloaded),
        ];
        let mut trial = None;
        for (hindrance, rest) in rests {
            match rest.hold(now) {
                Some(Hold::Resting(until)) => return Some((hindrance, until)),
                Some(Hold::OnTrial) => trial = Some((Hindrance::OnTrial, now)),
                None => {}
            }
        }
        trial
    }

    /// Takes in that a request of this size goes there.
    pub(crate) fn begun(&self, size: Size, now: Moment) {
        self.load.begin(size);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.asked_at.store(now.as_nanos(), Ordering::Relaxed);
        for rest in self.rests() {
            rest.begun(now);
        }
    }

    /// Takes in that the provider answered a request that began at `began`.
    pub(crate) fn succeeded(&self, began: Moment) {
        // Reads first: in good times this must not write to a shared line.
        if self.streak.load(Ordering::Relaxed) != 0 {
            self.streak.store(0, Ordering::Relaxed);
        }
        for rest in self.rests() {
            rest.succeeded(began);
        }
    }

    /// Takes in that a request that began at `began` failed; says who rests because of it.
    pub(crate) fn failed(&self, failure: Failure, began: Moment, now: Moment) -> Option<Rested> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if failure.counts_as_slow() {
            self.pace.failed(now);
        }
        let (scope, length) = match failure {
            Failure::RateLimited { scope: LimitScope::Lane, retry_after } => {
                (Scope::Lane, self.rate_limited.begin(&RATE_LIMITED, retry_after, began, now))
            }
            Failure::RateLimited { scope: LimitScope::Credential, retry_after } => {
                let rest = &self.credential.rate_limited;
                (Scope::Credential, rest.begin(&RATE_LIMITED, retry_after, began, now))
            }
            Failure::Overloaded { retry_after } => {
                let rest = &self.provider.overloaded;
                (Scope::Provider, rest.begin(&OVERLOADED, retry_after, began, now))
            }
            Failure::Denied => {
                (Scope::Credential, self.credential.denied.begin(&DENIED, None, began, now))
            }
            Failure::Broken | Failure::TimedOut => {
                let strikes = failure.strikes();
                let before = self.streak.fetch_add(strikes, Ordering::Relaxed);
                if before.saturating_add(strikes) < FAILURES_IN_ROW {
                    return None;
                }
                (Scope::Lane, self.failing.begin(&FAILING, None, began, now))
            }
            Failure::TooLong => {
                self.succeeded(began);
                return None;
            }
        };
        Some(Rested { scope, failure, length })
    }

    fn rests(&self) -> [&Rest; 5] {
        [
            &self.rate_limited,
            &self.failing,
            &self.credential.denied,
            &self.credential.rate_limited,
            &self.provider.overloaded,
        ]
    }
}
