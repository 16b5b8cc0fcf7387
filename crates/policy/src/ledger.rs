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
//! On the path everything is one compare-and-swap for each limit, shared by all workers; counts are
//! found again after a reload by the consumer's name, after a restart by [`LeaseStore`]. Not here:
//! who the consumer is, and what tokens cost.

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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use architrave_config as config;
use architrave_core::units::Rate;

use account::Meter;
use bell::Bell;
use bucket::Bucket;
use cell::Cell;
use counter::Counter;

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

/// The counts of every consumer. One per process; it outlives snapshots.
#[derive(Debug, Default)]
pub struct Ledger {
    /// `None`: counts live as long as the process.
    bell: Option<Arc<Bell>>,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    counters: HashMap<LeaseKey, Arc<Counter>>,
    /// Token limits whose rate has not changed go on where they were; changed ones start afresh.
    buckets: HashMap<Arc<str>, Weak<Bucket>>,
    /// What a store remembers of counts that nobody has asked for yet.
    recovered: HashMap<LeaseKey, Lease>,
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
            let per = match budget.per {
                config::Period::Minute => Period::Minute,
                config::Period::Hour => Period::Hour,
                config::Period::Day => Period::Day,
                config::Period::Week => Period::Week,
                config::Period::Month => Period::Month,
            };
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
        let books = Books { recovered, ..Books::default() };
        Self { bell: Some(Arc::default()), books: Mutex::new(books) }
    }

    /// Whether counts outlive the process.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.bell.is_some()
    }

    /// The account of a consumer under these terms; `None` where there is nothing to count. Of
    /// budgets for the same in the same period the smallest counts.
    ///
    /// Called when a snapshot is built. What was spent under other terms is still spent.
    #[must_use]
    pub fn account(&self, consumer: &str, terms: &Terms) -> Option<Arc<Account>> {
        self.account_of(&[(consumer, terms)])
    }

    /// The same of several together: what is spent is counted for each of them, under its own name
    /// and terms, and each must have something left. Tokens per time are those of the first that has
    /// such a limit.
    #[must_use]
    pub fn account_of(&self, parts: &[(&str, &Terms)]) -> Option<Arc<Account>> {
        if parts.iter().all(|(_, terms)| terms.is_empty()) {
            return None;
        }
        let mut books = self.books();
        let mut bucket = None;
        let mut limits: HashMap<LeaseKey, u64> = HashMap::new();
        for (name, terms) in parts {
            let name: Arc<str> = (*name).into();
            if let Some(rate) = terms.tokens.filter(|_| bucket.is_none()) {
                bucket = Some(books.bucket(&name, rate));
            }
            for Budget { unit, limit, per } in &terms.budgets {
                let key = LeaseKey { consumer: Arc::clone(&name), unit: *unit, per: *per };
                let smallest = limits.entry(key).or_insert(*limit);
                *smallest = (*smallest).min(*limit);
            }
        }
        let mut meters: Vec<_> = limits
            .into_iter()
            .map(|(key, limit)| Meter {
                counter: books.counter(&key, limit, self.bell.as_ref()),
                unit: key.unit,
                per: key.per,
                limit,
            })
            .collect();
        drop(books);
        // The shortest period first: it is the one that refuses most often.
        meters.sort_by_key(|meter| (meter.per, meter.unit));
        Account::new(bucket, meters, self.bell.clone()).map(Arc::new)
    }

    /// Forgets counts that tell nothing any more: of consumers that are gone, in periods that are
    /// over. Called when a snapshot has been built.
    pub fn forget(&self, wall: SystemTime) {
        let second = period::second_of(wall);
        let mut books = self.books();
        books
            .counters
            .retain(|_, counter| Arc::strong_count(counter) > 1 || !counter.is_over(second));
        books.buckets.retain(|_, bucket| bucket.strong_count() > 0);
        books.recovered.retain(|key, lease| key.per.span(lease.start_s).end_s > second);
    }

    /// The leases that are to be written, and the cells that are to have them.
    fn due(&self) -> Vec<(Arc<Cell>, Lease)> {
        self.books().counters.values().filter_map(|counter| counter.due()).collect()
    }

    /// The leases that there are, and the cells that have them.
    fn held(&self) -> Vec<(Arc<Cell>, Lease)> {
        self.books().counters.values().filter_map(|counter| counter.held()).collect()
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
        self.books().counters.values().map(|counter| counter.close()).collect()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Nothing in here panics half-way; and counts that might be off beat no gateway.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn bucket(&mut self, consumer: &Arc<str>, rate: Rate) -> Arc<Bucket> {
        let known = self.buckets.get(consumer).and_then(Weak::upgrade);
        if let Some(bucket) = known.filter(|bucket| bucket.rate() == rate) {
            return bucket;
        }
        let bucket = Arc::new(Bucket::new(rate));
        self.buckets.insert(Arc::clone(consumer), Arc::downgrade(&bucket));
        bucket
    }

    fn counter(&mut self, key: &LeaseKey, limit: u64, bell: Option<&Arc<Bell>>) -> Arc<Counter> {
        let recovered = self.recovered.remove(key);
        let counter = self.counters.entry(key.clone()).or_insert_with(|| {
            Arc::new(Counter::new(key.clone(), recovered.as_ref(), bell.cloned()))
        });
        counter.set_limit(limit);
        Arc::clone(counter)
    }
}

#[cfg(test)]
mod tests;
