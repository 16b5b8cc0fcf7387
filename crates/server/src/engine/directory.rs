//! Who calls by subscriptions, seen from the engine: the applications of the file and of the database,
//! put into the one directory that the workers look into.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use architrave_config::ports::{Answer, DirectoryPort, LimitStanding, SubscriptionLimits};
use architrave_config::{Budget, BudgetAmount, Period, Snapshot, SubscriptionState, budgets_of};
use architrave_policy::Directory;
use architrave_policy::directory::{ApplicationRecord, KeyRecord, Source, SubscriptionRecord};
use architrave_store::{KnownApplication, Store, StoreError};
use serde_json::Value;

use super::{Engine, EnginePort, lock};

/// The applications of the file, as they were last put into the directory.
#[derive(Debug, Default)]
pub(super) struct OfFile(Mutex<Vec<ApplicationRecord>>);

impl OfFile {
    /// Puts those of a snapshot into the directory; nothing where they are as before. Whether other
    /// names than before are those of the file.
    pub(super) fn apply(&self, snapshot: &Snapshot, directory: &Directory) -> bool {
        let teams = snapshot.teams.iter();
        let teams = teams.map(|team| (team.name.as_str().into(), team.budgets.clone()));
        directory.put_teams(Source::File, teams.collect());
        let mut known = lock(&self.0);
        let now = records(snapshot);
        if *known == now {
            return false;
        }
        let names = |records: &[ApplicationRecord]| -> HashSet<Arc<str>> {
            records.iter().map(|record| Arc::clone(&record.name)).collect()
        };
        let are_others = names(&known) != names(&now);
        known.clone_from(&now);
        directory.replace(Source::File, now);
        are_others
    }
}

/// The applications of a snapshot, with their subscriptions.
fn records(snapshot: &Snapshot) -> Vec<ApplicationRecord> {
    let mut records: Vec<ApplicationRecord> = (snapshot.applications.iter())
        .map(|application| {
            let keys = application.api_keys.iter().map(|key| KeyRecord {
                digest: Directory::digest_of(key.expose().as_bytes()),
                expires_at: None,
            });
            let hashes = application
                .key_hashes
                .iter()
                .map(|hash| KeyRecord { digest: hash.digest, expires_at: hash.expires_at });
            ApplicationRecord {
                name: application.name.as_str().into(),
                team: application.team.as_ref().map(|team| team.as_str().into()),
                keys: keys.chain(hashes).collect(),
                subscriptions: Vec::new(),
            }
        })
        .collect();
    for subscription in &snapshot.subscriptions {
        let plan = &snapshot.plans[subscription.plan.get()];
        records[subscription.application.get()].subscriptions.push(SubscriptionRecord {
            plan: plan.name.as_str().into(),
            state: subscription.state,
            // What is written down without a time is meant, whenever it came.
            since: subscription.since,
        });
    }
    records
}

/// How far the applications of the database have been read.
#[derive(Debug, Default)]
pub(super) struct OfStore {
    /// The generation up to which they were; held while somebody reads on.
    read: tokio::sync::Mutex<Option<i64>>,
    /// Whether all are to be read again.
    is_forgotten: AtomicBool,
}

impl OfStore {
    /// Has all of them read again: what the file had is perhaps the database's again.
    pub(super) fn forget(&self) {
        self.is_forgotten.store(true, Ordering::Release);
    }

    /// Reads what is other since it was last looked, and puts it into the directory.
    ///
    /// # Errors
    /// When the database fails; then the directory is as it was.
    pub(super) async fn catch_up(
        &self,
        store: &Store,
        directory: &Directory,
    ) -> Result<(), StoreError> {
        let mut read = self.read.lock().await;
        if self.is_forgotten.swap(false, Ordering::AcqRel) {
            *read = None;
        }
        let news = match store.team_budgets().await {
            Ok(teams) => {
                directory.put_teams(Source::Store, budgets(teams));
                store.application_news(read.unwrap_or_default()).await
            }
            Err(error) => Err(error),
        };
        let news = match news {
            Ok(news) => news,
            Err(error) => {
                // Still to be read anew, should that have been so.
                self.is_forgotten.fetch_or(read.is_none(), Ordering::AcqRel);
                return Err(error);
            }
        };
        let mut words = Words::default();
        let records = news.there.into_iter().map(|known| words.record(known));
        let taken = match *read {
            None => directory.replace(Source::Store, records.collect()),
            Some(_) => {
                news.gone.iter().for_each(|name| directory.remove(Source::Store, name));
                let put = |record: ApplicationRecord| {
                    let name = Arc::clone(&record.name);
                    (!directory.put(Source::Store, record)).then_some(name)
                };
                records.filter_map(put).collect()
            }
        };
        for name in taken {
            tracing::warn!(
                %name,
                "an application of the database is not in force: the file has one of its name"
            );
        }
        *read = Some(news.changed);
        Ok(())
    }
}

/// What teams may use up. Only what was found right is written; where a newer program has written
/// what this one does not understand, the rest holds, and nothing may be used up under what it does
/// not: a bound that cannot be kept is not to be none.
fn budgets(teams: Vec<(String, Value)>) -> HashMap<Arc<str>, Vec<Budget>> {
    let read = |(name, list): (String, Value)| {
        let budgets = budgets_that_hold(&name, list);
        (Arc::from(name), budgets)
    };
    teams.into_iter().map(read).collect()
}

fn budgets_that_hold(team: &str, list: Value) -> Vec<Budget> {
    let faults = match budgets_of(&list) {
        Ok(budgets) => return budgets,
        Err(faults) => faults,
    };
    for fault in faults {
        tracing::error!(
            team,
            %fault,
            "a budget of a team cannot be read: its applications are refused at models until it can"
        );
    }
    // One at a time, for one that is faulty hides all.
    let entries = match list {
        Value::Array(entries) => entries,
        other => vec![other],
    };
    let one = |entry: Value| budgets_of(&Value::Array(vec![entry])).ok();
    let readable: Vec<Budget> = entries.into_iter().filter_map(one).flatten().collect();
    let nothing = [BudgetAmount::Tokens(0), BudgetAmount::NanoUsd(0)];
    let nothing = nothing.map(|amount| Budget { amount, per: Period::Day });
    readable.into_iter().chain(nothing).collect()
}

/// Names that come very often, each kept once.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    fn take(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.0.insert(Arc::clone(&word));
        word
    }

    fn record(&mut self, known: KnownApplication) -> ApplicationRecord {
        let keys = known.keys.into_iter().map(|(digest, end)| {
            let end = end.map(|end| Duration::from_micros(u64::try_from(end).unwrap_or_default()));
            KeyRecord { digest, expires_at: end.map(|end| SystemTime::UNIX_EPOCH + end) }
        });
        let subscriptions = known.subscriptions.iter().filter_map(|(plan, state, since)| {
            let state = SubscriptionState::of(state)?;
            let since = Duration::from_micros(u64::try_from(*since).unwrap_or_default());
            let since = Some(SystemTime::UNIX_EPOCH + since);
            Some(SubscriptionRecord { plan: self.take(plan), state, since })
        });
        let subscriptions = subscriptions.collect();
        ApplicationRecord {
            name: known.name.into(),
            team: known.team.as_deref().map(|team| self.take(team)),
            keys: keys.collect(),
            subscriptions,
        }
    }
}

impl Engine {
    /// Takes what was written of applications, here or by another process; whether it could.
    pub(super) async fn catch_up_with_applications(&self) -> bool {
        let Some(desired) = &self.desired else { return true };
        let store = &desired.database.store;
        match self.applications_of_store.catch_up(store, &self.parts.directory).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "applications of the database are those last read");
                false
            }
        }
    }
}

impl DirectoryPort for EnginePort {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.gateway.assembly.load().snapshot)
    }

    fn catch_up(&self) -> Answer<'_, ()> {
        // Where it fails, whoever follows the database tries again: the generation is another.
        Box::pin(async {
            let _is_up = self.0.catch_up_with_applications().await;
        })
    }

    fn limits(&self, application: &str) -> Vec<SubscriptionLimits> {
        let snapshot = self.snapshot();
        self.0.parts.directory.limits(application, &snapshot)
    }

    fn team_limits(&self, team: &str) -> Vec<LimitStanding> {
        self.0.parts.directory.team_limits(team)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn under_budgets_that_cannot_be_read_nothing_may_be_used_up() {
        let day = |amount| Budget { amount, per: Period::Day };
        let (tokens, money) = (BudgetAmount::Tokens, BudgetAmount::NanoUsd);
        let nothing = [day(tokens(0)), day(money(0))];
        let newer = json!([{ "tokens": 5, "per": "day" }, { "requests": 9, "per": "day" }]);
        let teams = [
            ("right", json!([{ "tokens": 7, "per": "day" }])),
            ("none", json!([])),
            ("newer", newer),
            ("other", json!({ "all": "newer" })),
        ];
        let teams = teams.map(|(name, list)| (name.to_owned(), list)).to_vec();
        let read = budgets(teams);
        assert_eq!(read["right"], [day(tokens(7))]);
        assert_eq!(read["none"], []);
        assert_eq!(read["newer"], [day(tokens(5)), nothing[0], nothing[1]]);
        assert_eq!(read["other"], nothing);
    }

    #[test]
    fn who_calls_for_a_team_whose_budgets_cannot_be_read_finds_nothing_left() {
        let clock = architrave_core::Clock::system();
        let ledger = Arc::new(architrave_policy::ledger::Ledger::in_memory());
        let directory = Directory::new(clock, ledger);
        let list = json!([{ "requests": 9, "per": "day" }]);
        directory.put_teams(Source::Store, budgets(vec![("buyers".to_owned(), list)]));
        let limits: Vec<u64> =
            directory.team_limits("buyers").iter().map(|standing| standing.limit).collect();
        assert_eq!(limits, [0, 0]);
    }
}
