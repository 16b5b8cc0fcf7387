//! What consumers may spend: tokens per time, and budgets of tokens and money per period.
//!
//! A request **reserves** before it is sent: its prompt as estimated, and as much output as it may
//! have. When less is left than it asks for, it gets less output, and the body is to say so. When
//! it is over, it **settles**: what was used is counted, the rest goes back. One that comes to
//! nothing gives all back; a client that goes away pays for what was noted until then.
//!
//! So spending passes a budget by no more than one prompt's estimate: a prompt that is larger than
//! what is left is still sent, with the least output there is, and is the last. Prompts that turn
//! out larger than their estimates are beyond that; estimates lean to the high side.
//!
//! On the path everything is one compare-and-swap for each limit, shared by all workers, and so is
//! the first use of a count; counts are found again after a reload by the consumer's name, after a
//! restart by [`LeaseStore`]. Not here: who the consumer is, and what tokens cost.

mod account;
mod ask;
mod bell;
mod bucket;
mod cell;
mod counter;
mod file;
mod handover;
mod keeper;
mod known;
mod lease;
mod line;
mod period;
mod refused;
mod reservation;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use architrave_config as config;
use architrave_config::ports::CountedFor;
use architrave_core::Moment;
use architrave_core::units::Rate;

use account::Meter;
use bell::Bell;
use bucket::Bucket;
use cell::Cell;
use counter::{Counter, InUse};

use crate::shards::Shards;

pub use account::{Account, Standing};
pub use ask::{Ask, OUTPUT_TOKENS_DEFAULT, OUTPUT_TOKENS_MIN, Spent};
pub use file::{LeaseFile, Recovered};
pub use handover::{Remainder, Yielded};
pub use keeper::LeaseKeeper;
pub use known::SentLedger;
pub use lease::{Lease, LeaseKey, LeaseStore, PATIENCE};
pub use period::{Period, Span};
pub use refused::{Limit, Refused};
pub use reservation::Reservation;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Tokens of all classes, one like the other.
    Tokens,
    /// Money, in nano-USD.
    NanoUsd,
}

impl Unit {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tokens, Self::NanoUsd];

    /// The word in files and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::NanoUsd => "nano_usd",
        }
    }
}

/// So much of something for each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Of what.
    pub unit: Unit,
    /// How much.
    pub limit: u64,
    /// How long it must last.
    pub per: Period,
}

/// What one consumer may spend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Tokens per time.
    pub tokens: Option<Rate>,
    /// Budgets; each of them must have something left.
    pub budgets: Vec<Budget>,
}

/// One of those who bear what a request spends: each under its own name and terms.
#[derive(Clone, Copy, Debug)]
pub struct Share<'a> {
    /// Whose use it is.
    pub counted_for: CountedFor,
    /// What it is counted under; the same after a restart.
    pub name: &'a str,
    /// What it may spend.
    pub terms: &'a Terms,
}

/// The counts of every consumer. One per process; it outlives snapshots.
///
/// A subscription is counted from its first request on, so that all of it is found and made without
/// a lock.
#[derive(Debug, Default)]
pub struct Ledger {
    /// `None`: counts live as long as the process.
    bell: Option<Arc<Bell>>,
    counters: Shards<LeaseKey, Arc<Counter>>,
    /// Token limits whose rate has not changed go on where they were; changed ones start afresh.
    buckets: Shards<Arc<str>, Weak<Bucket>>,
    /// Those that another process told of and nobody has asked for yet: held here until then.
    waiting: Mutex<Vec<Arc<Bucket>>>,
    /// What a store remembers: where counts begin that nobody has asked for yet.
    recovered: ArcSwap<HashMap<LeaseKey, Lease>>,
}

impl Terms {
    /// Terms in the words of a configuration.
    #[must_use]
    pub fn of(tokens: Option<Rate>, budgets: &[config::Budget]) -> Self {
        let budgets = budgets.iter().map(|budget| {
            let (unit, limit) = match budget.amount {
                config::BudgetAmount::NanoUsd(limit) => (Unit::NanoUsd, limit),
                config::BudgetAmount::Tokens(limit) => (Unit::Tokens, limit),
            };
            let per = Period::of(budget.per);
            Budget { unit, limit, per }
        });
        Self { tokens, budgets: budgets.collect() }
    }

    /// Whether there is nothing to count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_none() && self.budgets.is_empty()
    }
}

impl Ledger {
    /// A ledger whose counts end with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A ledger that goes on where the leases say, and whose counts are kept by a [`LeaseKeeper`].
    #[must_use]
    pub fn kept(leases: Vec<Lease>) -> Self {
        let recovered = leases.into_iter().map(|lease| (lease.key.clone(), lease)).collect();
        let recovered = ArcSwap::from_pointee(recovered);
        Self { bell: Some(Arc::default()), recovered, ..Self::default() }
    }

    /// Whether counts outlive the process.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.bell.is_some()
    }

    /// The account of a consumer under these terms; `None` where there is nothing to count. Of
    /// budgets for the same in the same period the smallest counts.
    ///
    /// What was spent under other terms is still spent.
    #[must_use]
    pub fn account(&self, consumer: &str, terms: &Terms) -> Option<Arc<Account>> {
        self.account_of(&[Share { counted_for: CountedFor::Caller, name: consumer, terms }])
    }

    /// The same of several together: what is spent is counted for each of them, under its own name
    /// and terms, and each must have something left. Tokens per time are those of the first that has
    /// such a limit.
    #[must_use]
    pub fn account_of(&self, shares: &[Share<'_>]) -> Option<Arc<Account>> {
        if shares.iter().all(|share| share.terms.is_empty()) {
            return None;
        }
        let mut bucket = None;
        let mut limits: HashMap<LeaseKey, (u64, CountedFor)> = HashMap::new();
        for Share { counted_for, name, terms } in shares {
            let name: Arc<str> = (*name).into();
            if let Some(rate) = terms.tokens.filter(|_| bucket.is_none()) {
                bucket = Some(self.bucket(&name, rate));
            }
            for Budget { unit, limit, per } in &terms.budgets {
                let key = LeaseKey { consumer: Arc::clone(&name), unit: *unit, per: *per };
                let (smallest, _) = limits.entry(key).or_insert((*limit, *counted_for));
                *smallest = (*smallest).min(*limit);
            }
        }
        let meters = limits.into_iter().map(|(key, (limit, counted_for))| {
            let (unit, per) = (key.unit, key.per);
            Meter { counter: self.counter(&key, limit), counted_for, unit, per, limit }
        });
        let mut meters: Vec<_> = meters.collect();
        // The shortest period first: it is the one that refuses most often.
        meters.sort_by_key(|meter| (meter.per, meter.unit, meter.counted_for));
        Account::new(bucket, meters, self.bell.clone()).map(Arc::new)
    }

    /// Forgets counts that tell nothing any more: of consumers that are gone, in periods that are
    /// over. Called when a snapshot has been built.
    pub fn forget(&self, now: Moment, wall: SystemTime) {
        self.forget_waiting(now);
        let second = period::second_of(wall);
        self.counters.for_each(|_, counter| counter.let_go(second));
        self.counters.retain(|_, counter| !counter.is_gone());
        self.buckets.retain(|_, bucket| bucket.strong_count() > 0);
        let is_over = |lease: &Lease| lease.key.per.span(lease.start_s).end_s <= second;
        if self.recovered.load().values().any(is_over) {
            self.recovered.rcu(|known| {
                let mut known = HashMap::clone(known);
                known.retain(|_, lease| !is_over(lease));
                known
            });
        }
    }

    /// The leases that are to be written, and the cells that are to have them.
    fn due(&self) -> Vec<(Arc<Cell>, Lease)> {
        self.of_each(Counter::due)
    }

    /// The leases that there are, and the cells that have them.
    fn held(&self) -> Vec<(Arc<Cell>, Lease)> {
        self.of_each(Counter::held)
    }

    /// Resolves when a lease is asked for.
    async fn asked(&self) {
        match &self.bell {
            Some(bell) => bell.asked().await,
            None => std::future::pending().await,
        }
    }

    /// Tells requests that wait for a lease to try again.
    fn answer(&self) {
        if let Some(bell) = &self.bell {
            bell.answer();
        }
    }

    /// Ends all counts; what they are in the end.
    fn close(&self) -> Vec<Lease> {
        self.of_each(|counter| Some(counter.close()))
    }

    fn of_each<T>(&self, ask: impl Fn(&Counter) -> Option<T>) -> Vec<T> {
        let mut all = Vec::new();
        self.counters.for_each(|_, counter| all.extend(ask(counter)));
        all
    }

    fn bucket(&self, consumer: &Arc<str>, rate: Rate) -> Arc<Bucket> {
        let is_fit =
            |known: &Weak<Bucket>| known.upgrade().is_some_and(|bucket| bucket.rate() == rate);
        loop {
            // Held here, so that what is put into the map is not gone before somebody has it.
            let new = Arc::new(Bucket::new(rate));
            let found = self.buckets.find_or_make(consumer, is_fit, || Arc::downgrade(&new));
            if let Some(bucket) = found.upgrade() {
                return bucket;
            }
        }
    }

    fn counter(&self, key: &LeaseKey, limit: u64) -> InUse {
        let counter = self.used(key);
        counter.set_limit(limit);
        counter
    }

    /// The count of that key, begun if there is none.
    fn used(&self, key: &LeaseKey) -> InUse {
        loop {
            // One that is let go at this very moment is nobody's any more.
            if let Some(counter) = InUse::of(self.known_or_new(key)) {
                return counter;
            }
        }
    }

    /// The count of that key, if there is one.
    fn known(&self, key: &LeaseKey) -> Option<Arc<Counter>> {
        self.counters.get(key).filter(|counter| !counter.is_gone())
    }

    fn known_or_new(&self, key: &LeaseKey) -> Arc<Counter> {
        self.counters.find_or_make(
            key,
            |known| !known.is_gone(),
            || {
                let recovered = self.recovered.load();
                Arc::new(Counter::new(key.clone(), recovered.get(key), self.bell.clone()))
            },
        )
    }
}

#[cfg(test)]
mod tests;
