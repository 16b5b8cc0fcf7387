//! One lane as it lives: one per provider, model there and credential, shared by every fleet and
//! worker, carried over from reload to reload.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::{Moment, Parcel, ParcelReader};

use super::credential::Credential;
use super::failure::{FAILURES_IN_ROW, Failure, Scope};
use super::flight::Rested;
use super::hindrance::Hindrance;
use super::load::{LaneLoad, Size};
use super::pace::Pace;
use super::provider::Provider;
use super::quota::Quota;
use super::rests::Rests;
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
    rests: Rests,
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
            rests: Rests::default(),
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

    /// Ends its rests, its credential's and its provider's, as an operator may who knows better.
    pub fn ready(&self) {
        self.streak.store(0, Ordering::Relaxed);
        self.rests().into_iter().for_each(Rests::end);
    }

    /// When a request was last sent there; [`Moment::ZERO`] when none was.
    pub(crate) fn asked_at(&self) -> Moment {
        Moment::from_nanos(self.asked_at.load(Ordering::Relaxed))
    }

    /// What hinders it whatever is asked, and until when; the worst, if there are several.
    #[inline]
    pub(crate) fn hold(&self, now: Moment) -> Option<(Hindrance, Moment)> {
        let holds = self.rests().into_iter().filter_map(|rests| rests.hold(now));
        holds.max_by_key(|(hindrance, until)| (hindrance.severity(), *until))
    }

    /// Takes in that a request of this size goes there.
    pub(crate) fn begun(&self, size: Size, now: Moment) {
        self.load.begin(size);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.asked_at.store(now.as_nanos(), Ordering::Relaxed);
        self.rests().into_iter().for_each(|rests| rests.begun(now));
    }

    /// Takes in that the provider answered a request that began at `began`.
    pub(crate) fn succeeded(&self, began: Moment) {
        self.kept_on();
        self.answers(began);
    }

    /// Takes in that it has begun with an answer to a request that began at `began`: it takes
    /// requests. Whether it fails them is seen at their end.
    pub(crate) fn answers(&self, began: Moment) {
        self.rests().into_iter().for_each(|rests| rests.succeeded(began));
    }

    /// Takes in that an answer that had begun went on for as long as somebody wanted it.
    pub(crate) fn kept_on(&self) {
        // Reads first: in good times this must not write to a shared line.
        if self.streak.load(Ordering::Relaxed) != 0 {
            self.streak.store(0, Ordering::Relaxed);
        }
    }

    /// Takes in that a request that began at `began` failed; says who rests because of it.
    pub(crate) fn failed(&self, failure: Failure, began: Moment, now: Moment) -> Option<Rested> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if failure.counts_as_slow() {
            self.pace.failed(now);
        }
        let scope = match failure {
            Failure::RateLimited { scope, .. }
            | Failure::Overloaded { scope, .. }
            | Failure::Denied { scope } => scope,
            Failure::NotFound | Failure::Broken | Failure::TimedOut => {
                let strikes = failure.strikes();
                let before = self.streak.fetch_add(strikes, Ordering::Relaxed);
                if before.saturating_add(strikes) < FAILURES_IN_ROW {
                    return None;
                }
                Scope::Lane
            }
            Failure::TooLong => {
                self.succeeded(began);
                return None;
            }
        };
        let [lane, credential, provider] = self.rests();
        let rests = match scope {
            Scope::Lane => lane,
            Scope::Credential => credential,
            Scope::Provider => provider,
        };
        Some(Rested { scope, failure, length: rests.begin(failure, began, now) })
    }

    /// Whether anything was learned of it.
    pub(crate) fn is_known(&self) -> bool {
        self.asked_at() > Moment::ZERO || self.rests.has_any()
    }

    /// Puts what was learned of it into a parcel.
    pub(crate) fn pack(&self, parcel: &mut Parcel) {
        self.rests.pack(parcel);
        parcel.u32(self.streak.load(Ordering::Relaxed));
        parcel.u64(self.asked_at.load(Ordering::Relaxed));
        self.quota.pack(parcel);
        self.pace.pack(parcel);
    }

    /// Goes on from what another process learned of it, as far as nothing newer is known here.
    pub(crate) fn unpack(&self, parcel: &mut ParcelReader<'_>) -> Option<()> {
        self.rests.unpack(parcel)?;
        let streak = parcel.u32()?;
        let asked_at = parcel.u64()?;
        if asked_at > self.asked_at.fetch_max(asked_at, Ordering::Relaxed) {
            self.streak.fetch_max(streak, Ordering::Relaxed);
        }
        self.quota.unpack(parcel)?;
        self.pace.unpack(parcel)
    }

    /// Its own rests, its credential's, its provider's.
    fn rests(&self) -> [&Rests; 3] {
        [&self.rests, &self.credential.rests, &self.provider.rests]
    }
}
