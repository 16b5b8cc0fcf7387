//! The counters of every rate limit, found again after a reload by where the policy was written.
//!
//! A policy whose configuration is unchanged goes on counting where it was; a changed one starts
//! afresh. Counters live as long as some snapshot uses them.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use architrave_config::policy::{RateLimit, RateLimitKey};
use architrave_config::{PolicySet, ServiceKind, Snapshot};
use architrave_core::units::Rate;
use architrave_core::{HashKey, Moment, Parcel, ParcelReader};

use super::gcra::{Decision, Gcra};
use super::key::KeyHash;
use super::report::RateReport;
use super::table::{Owed, SET_BYTES, Table};
use crate::cache::Tables;
use crate::guardrail::{AllFindings, Counted};

/// Memory for the tables of all keyed limits together, shared equally among them.
const TABLES_BYTES_MAX: usize = 32 << 20;

/// One table: at most 1 MiB (114,688 keys), at least 4 KiB (448 keys) however many there are.
const TABLE_BYTES_MAX: usize = 1 << 20;
const TABLE_BYTES_MIN: usize = 4 << 10;

/// One rate limit with its counters.
#[derive(Debug)]
pub(crate) struct Limiter {
    gcra: Gcra,
    sets: usize,
    /// Made at the first request, so that limits on quiet routes cost no memory.
    table: OnceLock<Table>,
}

impl Limiter {
    fn new(rate: Rate, burst: u64, sets: usize) -> Self {
        Self { gcra: Gcra::new(rate, burst), sets, table: OnceLock::new() }
    }

    /// A limiter for one key only, 0; a whole period's requests may come at once.
    pub(crate) fn of_one(rate: Rate) -> Self {
        Self::new(rate, rate.count, 1)
    }

    /// What it allows.
    pub(crate) const fn rate(&self) -> Rate {
        self.gcra.rate()
    }

    /// Counts one request of `key`, or refuses it.
    pub(crate) fn charge(&self, key: u64, now: Moment) -> Decision {
        self.table.get_or_init(|| Table::new(self.sets)).charge(key, &self.gcra, now)
    }

    /// Where its one key stands, with no request counted.
    pub(crate) fn standing(&self, now: Moment) -> RateReport {
        let decision = match self.table.get() {
            Some(table) => table.standing(0, &self.gcra, now),
            None => self.gcra.standing(0),
        };
        self.report(decision)
    }

    /// What the client is told about it.
    pub(crate) fn report(&self, decision: Decision) -> RateReport {
        RateReport {
            name: "default",
            unit: None,
            quota: self.gcra.rate().count,
            window_s: self.gcra.rate().per.as_secs(),
            remaining: self.gcra.remaining(decision),
            reset_s: self.gcra.reset_seconds(decision),
        }
    }

    /// Puts into a parcel what its keys owe beside what `sent` says that is known there already.
    pub(crate) fn pack(&self, sent: &mut SentTable, now: Moment, parcel: &mut Parcel) {
        let Some(table) = self.table.get() else { return };
        let words = table.words();
        for owed in Owed::between(&self.gcra, (&sent.words, sent.at), (&words, now)) {
            parcel.u32(u32::try_from(owed.set).unwrap_or(u32::MAX));
            parcel.u32(u32::try_from(owed.tag).unwrap_or(u32::MAX));
            parcel.u64(owed.ticks);
        }
        *sent = SentTable { words, at: Some(now) };
    }

    /// How many sets its table has, or would.
    pub(crate) fn sets(&self) -> usize {
        self.table.get().map_or(self.sets, Table::sets)
    }

    /// Charges its keys with what they owe in another process, where the table has `sets` sets.
    pub(crate) fn unpack(&self, mut parcel: ParcelReader<'_>, sets: usize, now: Moment) {
        while let (Some(set), Some(tag), Some(ticks)) = (parcel.u32(), parcel.u32(), parcel.u64()) {
            let table = self.table.get_or_init(|| Table::new(self.sets));
            let owed = Owed { set: set as usize, tag: tag.into(), ticks };
            table.add(owed, sets, &self.gcra, now);
        }
    }

    /// Whole seconds after which another try can pass; at least 1.
    pub(crate) fn retry_seconds(&self, decision: Decision) -> u64 {
        self.gcra.retry_seconds(decision)
    }
}

/// What a table said when it was last put into a parcel.
#[derive(Debug, Default)]
pub(crate) struct SentTable {
    words: Vec<u64>,
    at: Option<Moment>,
}

/// What another process knows of rate limits already, by what was put into parcels for it.
#[derive(Debug, Default)]
pub struct SentRates(HashMap<(String, Arc<str>), SentTable>);

/// The counters of every rate limit, the answers of every cache and what guardrails found: what
/// policies have that outlives snapshots. One per process.
#[derive(Debug, Default)]
pub struct RateLimiters {
    hash: KeyHash,
    counters: Mutex<Counters>,
    cache_tables: Tables,
    findings: AllFindings,
}

#[derive(Debug, Default)]
struct Counters {
    /// Sets per table, from the number of tables.
    sets: usize,
    /// By identity; more than one while an old snapshot lives on with another configuration.
    limiters: HashMap<String, Vec<(RateLimit, Weak<Limiter>)>>,
    in_flight: HashMap<String, Weak<AtomicU32>>,
}

impl RateLimiters {
    /// Prepares for the limits of a snapshot: forgets what no snapshot uses any more, and shares
    /// out the memory.
    pub(crate) fn begin(&self, snapshot: &Snapshot) {
        let mut counters = self.counters();
        counters.sets = sets_per_table(keyed_limits(snapshot));
        counters.limiters.retain(|_, versions| {
            versions.retain(|(_, limiter)| limiter.strong_count() > 0);
            !versions.is_empty()
        });
        counters.in_flight.retain(|_, in_flight| in_flight.strong_count() > 0);
    }

    /// The limiter of the policy at `identity`, such as `routes/orders/rate_limit`.
    pub(crate) fn keyed(&self, identity: &str, config: &RateLimit) -> Arc<Limiter> {
        let mut counters = self.counters();
        let sets = counters.sets;
        counters.limiter(identity, config, sets)
    }

    /// A limiter for one key only; a whole period's requests may come at once.
    pub(crate) fn single(&self, identity: &str, rate: Rate) -> Arc<Limiter> {
        let config = RateLimit { rate, burst: rate.count, key: RateLimitKey::Consumer };
        self.counters().limiter(identity, &config, 1)
    }

    /// The requests in flight of `object`, such as `consumers/mobile`.
    pub(crate) fn parallel(&self, object: &str) -> Arc<AtomicU32> {
        let mut counters = self.counters();
        if let Some(in_flight) = counters.in_flight.get(object).and_then(Weak::upgrade) {
            return in_flight;
        }
        let in_flight = Arc::default();
        counters.in_flight.insert(object.to_owned(), Arc::downgrade(&in_flight));
        in_flight
    }

    /// Counters of keys that are hashed by `key`.
    #[must_use]
    pub fn hashed_by(key: HashKey) -> Self {
        Self { hash: KeyHash(key), ..Self::default() }
    }

    /// Puts into a parcel what is owed under every limit beside what `sent` says that is known there
    /// already.
    pub fn pack(&self, sent: &mut SentRates, now: Moment, parcel: &mut Parcel) {
        for (identity, config, limiter) in self.all() {
            let terms = terms_of(&config);
            parcel.block(|parcel| {
                parcel.text(&identity);
                parcel.text(&terms);
                parcel.u32(u32::try_from(limiter.sets()).unwrap_or(u32::MAX));
                let sent = sent.0.entry((identity, terms.into())).or_default();
                parcel.block(|parcel| limiter.pack(sent, now, parcel));
            });
        }
    }

    /// Charges everybody with what they owe in another process, under limits that are the same here.
    pub fn unpack(&self, parcel: ParcelReader<'_>, now: Moment) {
        let all = self.all();
        let mut limiters = HashMap::new();
        for (identity, config, limiter) in &all {
            limiters.insert((identity.as_str(), terms_of(config)), limiter);
        }
        for mut block in parcel.blocks() {
            let (Some(identity), Some(terms)) = (block.text(), block.text()) else { continue };
            let (Some(sets), Some(owed)) = (block.u32(), block.block()) else { continue };
            if let Some(limiter) = limiters.get(&(identity, terms.to_owned())) {
                limiter.unpack(owed, sets as usize, now);
            }
        }
    }

    fn all(&self) -> Vec<(String, RateLimit, Arc<Limiter>)> {
        let counters = self.counters();
        let all = counters.limiters.iter().flat_map(|(identity, versions)| {
            versions.iter().filter_map(|(config, limiter)| {
                Some((identity.clone(), config.clone(), limiter.upgrade()?))
            })
        });
        all.collect()
    }

    /// The answers that caches keep.
    pub(crate) const fn cache_tables(&self) -> &Tables {
        &self.cache_tables
    }

    /// What guardrails have found.
    pub(crate) const fn findings(&self) -> &AllFindings {
        &self.findings
    }

    /// What every guardrail has found so far, by what it is written at.
    #[must_use]
    pub fn guardrail_findings(&self) -> Vec<Counted> {
        self.findings.counted()
    }

    /// How keys are made.
    pub(crate) fn key_hash(&self) -> KeyHash {
        self.hash.clone()
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        // Nothing in here panics half-way; and counters that might be off beat no gateway.
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn limiter(&mut self, identity: &str, config: &RateLimit, sets: usize) -> Arc<Limiter> {
        let versions = self.limiters.entry(identity.to_owned()).or_default();
        let known = versions.iter().find(|(version, _)| version == config);
        if let Some(limiter) = known.and_then(|(_, limiter)| limiter.upgrade()) {
            return limiter;
        }
        let limiter = Arc::new(Limiter::new(config.rate, config.burst, sets));
        versions.push((config.clone(), Arc::downgrade(&limiter)));
        limiter
    }
}

/// What makes a limit what it is, in words: where they are the same, debts mean the same.
fn terms_of(config: &RateLimit) -> String {
    let key = match &config.key {
        RateLimitKey::Consumer => "consumer",
        RateLimitKey::Address => "address",
        RateLimitKey::Header(name) => name,
    };
    let is_header = matches!(config.key, RateLimitKey::Header(_));
    let sort = if is_header { "header " } else { "" };
    let Rate { count, per } = config.rate;
    format!("{count} {} {} {sort}{key}", per.as_nanos(), config.burst)
}

fn sets_per_table(tables: usize) -> usize {
    let bytes = TABLES_BYTES_MAX / tables.max(1);
    // Rounded down to a power of two, so that the sum stays under the bound.
    let sets = bytes.clamp(TABLE_BYTES_MIN, TABLE_BYTES_MAX) / SET_BYTES;
    1 << sets.ilog2()
}

fn keyed_limits(snapshot: &Snapshot) -> usize {
    let is_set = |policies: &Arc<PolicySet>| policies.rate_limit.is_some();
    snapshot.listeners.iter().filter(|listener| is_set(&listener.policies)).count()
        + snapshot.routes.iter().filter(|route| is_set(&route.policies)).count()
        + snapshot.services.iter().filter(|service| is_set(&service.policies)).count()
        + snapshot.consumers.iter().filter(|consumer| is_set(&consumer.policies)).count()
        + usize::from(is_set(&snapshot.policies))
        + snapshot.services.iter().map(|service| limited_rules(&service.kind)).sum::<usize>()
}

fn limited_rules(kind: &ServiceKind) -> usize {
    let ServiceKind::Mcp(service) = kind else { return 0 };
    let rules = service.access.as_deref().unwrap_or_default();
    rules.iter().filter(|rule| rule.rate.is_some()).count()
}

#[cfg(test)]
mod tests;
