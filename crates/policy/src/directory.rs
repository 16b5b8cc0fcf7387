//! Who calls by a subscription: applications by their keys and names, beside the snapshot.
//!
//! There may be a hundred thousand of them, and one changes without the rest: whoever writes puts
//! one application in place of another, and workers, which never wait for that, find what is there.
//! It outlives snapshots. Not a store: it holds what a file and a database say, and forgets with the
//! process.

mod application;
mod known;
mod past;
mod standing;
mod team;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use architrave_config::ports::{CountedFor, LimitStanding, SubscriptionLimits};
use architrave_config::{Budget, Jwt, Plan, Snapshot, SubscriptionState};
use architrave_core::Clock;
use architrave_core::name::ProductName;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::jwt::KeyCell;
use crate::ledger::{Ledger, Share, Terms};
use crate::shards::Shards;
use past::Past;
use team::Teams;
use tokio::sync::Notify;

pub use application::{Application, Counters, LivePlan, Subscription};
pub use known::SentApplications;

/// What a key is known by: the SHA-256 digest of it.
pub type KeyDigest = [u8; SHA256_OUTPUT_LEN];

/// An application as it is to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRecord {
    /// Its name.
    pub name: Arc<str>,
    /// The team that it belongs to.
    pub team: Option<Arc<str>>,
    /// The keys that it may show.
    pub keys: Vec<KeyRecord>,
    /// What it has subscribed to, in the order in which it did.
    pub subscriptions: Vec<SubscriptionRecord>,
}

/// A key of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// What it is known by.
    pub digest: KeyDigest,
    /// From when on it is nobody's.
    pub expires_at: Option<SystemTime>,
}

/// A subscription of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRecord {
    /// The name of the plan.
    pub plan: Arc<str>,
    /// How far it is.
    pub state: SubscriptionState,
    /// When it was made; `None`: it was always there.
    pub since: Option<SystemTime>,
}

/// Where an application is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// In a gateway file, which goes before the database.
    File,
    /// In the database.
    Store,
}

/// Every application. One per process.
pub struct Directory {
    clock: Clock,
    ledger: Arc<Ledger>,
    keys: Shards<KeyDigest, Key>,
    /// So that a gateway without applications does not even make a digest.
    key_count: AtomicUsize,
    names: Shards<Arc<str>, Arc<Slot>>,
    /// Held while somebody writes; readers never look at it.
    writing: Mutex<Past>,
    /// The plans that some assembly has put to work.
    plans: Mutex<HashMap<Box<str>, Weak<LivePlan>>>,
    /// What teams may use up; looked at where applications are written and not where they call.
    teams: Mutex<Teams>,
    /// The keys of issuers that some assembly checks tokens by.
    key_cells: Mutex<Vec<Weak<KeyCell>>>,
    /// Told when there is another one.
    key_news: Notify,
}

/// The place of one application, from its first day to its last.
#[derive(Debug)]
struct Slot {
    source: Source,
    current: ArcSwap<Application>,
}

#[derive(Clone, Debug)]
struct Key {
    slot: Arc<Slot>,
    expires_at: Option<SystemTime>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.key_count.load(Ordering::Relaxed);
        formatter.debug_struct("Directory").field("keys", &keys).finish_non_exhaustive()
    }
}

impl Directory {
    /// A directory of nobody. What applications spend is counted in `ledger`.
    #[must_use]
    pub fn new(clock: Clock, ledger: Arc<Ledger>) -> Self {
        Self {
            clock,
            ledger,
            keys: Shards::new(),
            key_count: AtomicUsize::new(0),
            names: Shards::new(),
            writing: Mutex::default(),
            plans: Mutex::default(),
            teams: Mutex::default(),
            key_cells: Mutex::default(),
            key_news: Notify::new(),
        }
    }

    /// What a key is known by.
    #[must_use]
    pub fn digest_of(key: &[u8]) -> KeyDigest {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, key).as_ref());
        bytes
    }

    /// Whose key this is, now. The digest says nothing of a key that is nearly right, so that it need
    /// not be compared in constant time.
    #[must_use]
    pub fn by_key(&self, key: &[u8]) -> Option<Arc<Application>> {
        if self.key_count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let digest = Self::digest_of(key);
        let found = self.keys.look(&digest, |key| {
            let is_over = key.expires_at.is_some_and(|end| end <= self.clock.wall());
            (!is_over).then(|| key.slot.current.load_full())
        });
        found.flatten()
    }

    /// The application of that name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<Arc<Application>> {
        self.names.get(name).map(|slot| slot.current.load_full())
    }

    /// What an application may use by each of its subscriptions, under the plans of a snapshot, and
    /// what is left of it; the numbers are those that requests are held to. Subscriptions to plans
    /// that are gone open nothing and are not there.
    #[must_use]
    pub fn limits(&self, name: &str, snapshot: &Snapshot) -> Vec<SubscriptionLimits> {
        let Some(application) = self.by_name(name) else { return Vec::new() };
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let of_one = |subscription: &Arc<Subscription>| {
            let is_named = |plan: &&Arc<Plan>| *plan.name.as_str() == *subscription.plan;
            let plan = snapshot.plans.iter().find(is_named)?;
            let product = &snapshot.products.get(plan.product.get())?.name;
            let live = self.plan(plan, product);
            let counters = subscription.counters(&application, &live, &self.ledger);
            Some(SubscriptionLimits {
                plan: plan.name.as_str().to_owned(),
                state: subscription.state,
                limits: counters.standings(now, wall),
            })
        };
        application.subscriptions.iter().filter_map(of_one).collect()
    }

    /// All that a source says of what teams may use up, by the name of the team; what it does not
    /// say any more is gone. What a file says of a team goes before what the database does.
    pub fn put_teams(&self, source: Source, said: HashMap<Arc<str>, Vec<Budget>>) {
        self.teams().replace(source, said);
    }

    /// Where the budgets of a team stand; nothing where it has none.
    #[must_use]
    pub fn team_limits(&self, name: &str) -> Vec<LimitStanding> {
        let Some(team) = self.teams().known(name) else { return Vec::new() };
        let terms = Terms::of(None, &team.budgets());
        let share = Share { counted_for: CountedFor::Team, name: &team_share(name), terms: &terms };
        let account = self.ledger.account_of(&[share]);
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let standings = account.iter().flat_map(|account| standing::of_account(account, now, wall));
        standings.collect()
    }

    /// How many applications there are, and how many keys.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.names.len(), self.key_count.load(Ordering::Relaxed))
    }

    /// Where time comes from.
    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The keys by which tokens of a plan are checked: the same as before, where they come from the
    /// same place.
    pub(crate) fn key_cell(&self, jwt: &Jwt) -> Arc<KeyCell> {
        let mut cells = self.key_cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.retain(|cell| cell.strong_count() > 0);
        let known = cells.iter().filter_map(Weak::upgrade).find(|cell| cell.is_of(jwt));
        known.unwrap_or_else(|| {
            let cell = Arc::new(KeyCell::new(jwt));
            cells.push(Arc::downgrade(&cell));
            self.key_news.notify_one();
            cell
        })
    }

    /// The keys that somebody has to read, and read anew.
    #[must_use]
    pub fn key_cells(&self) -> Vec<Arc<KeyCell>> {
        let cells = self.key_cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.iter().filter_map(Weak::upgrade).collect()
    }

    /// Resolves when there are keys that have not been there.
    pub async fn key_news(&self) {
        self.key_news.notified().await;
    }

    pub(crate) const fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Puts an application in place of the one of its name; `false` where another source, which goes
    /// before, has one of that name.
    pub fn put(&self, source: Source, record: ApplicationRecord) -> bool {
        let mut past = self.writing();
        self.put_one(source, record, &mut past)
    }

    /// Takes an application out, with its keys.
    pub fn remove(&self, source: Source, name: &str) {
        let mut past = self.writing();
        self.remove_one(source, name, &mut past);
    }

    /// All that a source says; what it does not say any more is gone. Those that it says and another
    /// source has are returned.
    pub fn replace(&self, source: Source, records: Vec<ApplicationRecord>) -> Vec<Arc<str>> {
        let mut past = self.writing();
        let said: HashSet<&str> = records.iter().map(|record| &*record.name).collect();
        let slots = self.names.all();
        let gone = slots.iter().filter(|slot| {
            slot.source == source && !said.contains(slot.current.load().name.as_ref())
        });
        for slot in gone {
            let name = Arc::clone(&slot.current.load().name);
            self.remove_one(source, &name, &mut past);
        }
        let is_known = |record: &ApplicationRecord| self.names.get(&*record.name).is_some();
        let (known, new): (Vec<_>, Vec<_>) = records.into_iter().partition(is_known);
        self.fill(source, new, &mut past);
        let taken = |record: ApplicationRecord| {
            let name = Arc::clone(&record.name);
            (!self.put_one(source, record, &mut past)).then_some(name)
        };
        known.into_iter().filter_map(taken).collect()
    }

    /// Puts in those whom nobody knows yet: each shard is made once and not for every application.
    fn fill(&self, source: Source, records: Vec<ApplicationRecord>, past: &mut Past) {
        let mut slots = Vec::with_capacity(records.len());
        let mut keys = Vec::with_capacity(records.len());
        for record in records {
            let name = Arc::clone(&record.name);
            let application = self.made(record, None, past);
            let slot = Arc::new(Slot { source, current: ArcSwap::from_pointee(application) });
            for key in &slot.current.load().keys {
                let entry = Key { slot: Arc::clone(&slot), expires_at: key.expires_at };
                keys.push((key.digest, entry));
            }
            slots.push((name, slot));
        }
        self.names.fill(slots);
        self.keys.fill(keys);
        self.key_count.store(self.keys.len(), Ordering::Relaxed);
    }

    fn made(
        &self,
        record: ApplicationRecord,
        before: Option<&Application>,
        past: &mut Past,
    ) -> Application {
        let team = record.team.as_ref().map(|team| self.teams().team(team));
        Application::new(record, before, team, past)
    }

    fn put_one(&self, source: Source, record: ApplicationRecord, past: &mut Past) -> bool {
        let name = Arc::clone(&record.name);
        match self.names.get(&*name) {
            Some(slot) if slot.source == source => {
                let before = slot.current.load_full();
                let after = Arc::new(self.made(record, Some(&before), past));
                past.keep(&before, Some(&after), self.clock.now());
                let is_kept = |digest: &KeyDigest| after.keys.iter().any(|it| it.digest == *digest);
                slot.current.store(Arc::clone(&after));
                for key in before.keys.iter().filter(|key| !is_kept(&key.digest)) {
                    self.drop_key(&key.digest);
                }
                for key in after.keys.iter().filter(|key| !before.keys.contains(key)) {
                    self.add_key(key, &slot);
                }
                true
            }
            // What a file says goes before what the database has.
            Some(_) if source == Source::Store => false,
            other => {
                if let Some(slot) = other {
                    self.remove_one(slot.source, &name, past);
                }
                let application = self.made(record, None, past);
                let slot = Arc::new(Slot { source, current: ArcSwap::from_pointee(application) });
                self.names.insert(name, Arc::clone(&slot));
                for key in &slot.current.load().keys {
                    self.add_key(key, &slot);
                }
                true
            }
        }
    }

    fn remove_one(&self, source: Source, name: &str, past: &mut Past) {
        let Some(slot) = self.names.get(name).filter(|slot| slot.source == source) else { return };
        past.keep(&slot.current.load(), None, self.clock.now());
        for key in &slot.current.load().keys {
            self.drop_key(&key.digest);
        }
        self.names.remove(name);
    }

    fn add_key(&self, key: &KeyRecord, slot: &Arc<Slot>) {
        let entry = Key { slot: Arc::clone(slot), expires_at: key.expires_at };
        if self.keys.insert(key.digest, entry) {
            self.key_count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn drop_key(&self, digest: &KeyDigest) {
        if self.keys.remove(digest) {
            self.key_count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A plan put to work: the same as before, with its counts, where its terms are the same.
    pub(crate) fn plan(&self, plan: &Plan, product: &ProductName) -> Arc<LivePlan> {
        let wanted = LivePlan::new(plan, product);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let known = plans.get(plan.name.as_str()).and_then(Weak::upgrade);
        if let Some(known) = known.filter(|known| **known == wanted) {
            return known;
        }
        plans.retain(|_, plan| plan.strong_count() > 0);
        let live = Arc::new(wanted);
        plans.insert(plan.name.as_str().into(), Arc::downgrade(&live));
        live
    }

    fn teams(&self) -> MutexGuard<'_, Teams> {
        self.teams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, Past> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the use of a team's applications is counted under.
fn team_share(name: &str) -> String {
    format!("teams/{name}")
}

#[cfg(test)]
mod tests;
