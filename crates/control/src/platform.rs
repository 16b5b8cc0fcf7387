//! What the API keeps beside the running gateway: the database, and what is remembered of those
//! who try to get in. Lives as long as the process, through every reload.

pub(crate) mod attempts;
pub(crate) mod backups;
pub(crate) mod password;
pub(crate) mod watchers;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::Clock;
use architrave_store::{AuditEntry, AuditFilter, Change, ENDED_KEYS_MAX, Page, Store, StoreError};

use crate::admin::objects::time;
use crate::error::ApiError;
use crate::oidc::Issuers;
use attempts::Attempts;
use backups::Backups;
use password::Passwords;
use watchers::Watchers;

/// The open platform's database and what goes with it. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Platform(Arc<Inner>);

struct Inner {
    store: Store,
    passwords: Passwords,
    attempts: Attempts,
    /// Who is refused writes that are not theirs: so often it is written down.
    denials: Attempts,
    issuers: Issuers,
    watchers: Watchers,
    backups: Option<Backups>,
    /// What [`Platform::is_set_up`] found, and when: the store's generation with the answer in the
    /// lowest bit; 0 before it has looked.
    set_up: AtomicU64,
}

impl Platform {
    /// Over a database that is open; backups of it go into the folder, where it can be copied.
    #[must_use]
    pub fn new(store: Store, clock: Clock, backups: Option<PathBuf>) -> Self {
        let issuers = Issuers::new(clock.clone());
        let denials = Attempts::new(clock.clone());
        let attempts = Attempts::new(clock);
        let passwords = Passwords::new();
        Self(Arc::new(Inner {
            store,
            passwords,
            attempts,
            denials,
            issuers,
            watchers: Watchers::default(),
            backups: backups.map(Backups::new),
            set_up: AtomicU64::new(0),
        }))
    }

    /// The database.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Begins the one change there is at a time.
    pub(crate) async fn change(&self) -> Result<Change, ApiError> {
        Ok(self.0.store.change().await?)
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// How often what an address was refused is written down.
    pub(crate) fn denials(&self) -> &Attempts {
        &self.0.denials
    }

    /// Where backups are; `None` where none can be made here.
    pub(crate) fn backups(&self) -> Option<&Backups> {
        self.0.backups.as_ref()
    }

    /// Who watches requests.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    /// What is remembered of identity providers.
    pub(crate) fn issuers(&self) -> &Issuers {
        &self.0.issuers
    }

    /// The time in microseconds UTC.
    pub(crate) fn now(&self) -> i64 {
        self.0.store.now()
    }

    /// Throws away what has expired: sessions, sign-ins, kept answers, the rows of the audit log that are
    /// older than `audit_keep`, and what there is too much of: digests of keys that have ended. To be called once in a while, by whoever wires this.
    pub async fn sweep(&self, audit_keep: Duration) {
        let store = &self.0.store;
        for swept in [
            store.sweep_sessions().await,
            store.sweep_sign_ins().await,
            store.sweep_idempotency().await,
            store.sweep_ended_keys(ENDED_KEYS_MAX).await,
            self.expire_audit(audit_keep).await,
        ] {
            if let Err(error) = swept {
                tracing::warn!(%error, "what has expired could not be thrown away");
            }
        }
    }

    /// Throws old rows of the audit log away, and leaves one that says so; returns how many there
    /// were.
    async fn expire_audit(&self, keep: Duration) -> Result<u64, StoreError> {
        let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        let before = self.now().saturating_sub(keep);
        let filter = AuditFilter { until: Some(before), ..AuditFilter::default() };
        let (old, _) = self.0.store.audit(&filter, &Page::first(1)).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let mut change = self.0.store.change().await?;
        let count = change.expire_audit(before).await?;
        let entry = AuditEntry {
            actor: "system".to_owned(),
            actor_name: "system".to_owned(),
            via: "system".to_owned(),
            action: "expire_audit".to_owned(),
            kind: "audit".to_owned(),
            after: Some(serde_json::json!({ "rows": count, "before": time(before) })),
            ..AuditEntry::default()
        };
        change.commit(entry).await?;
        tracing::info!(count, "old rows of the audit log were thrown away");
        Ok(count)
    }

    /// Whether there are users. Asks the database once, and until there are some again after
    /// each change. While it does not answer, the gateway counts as set up: then nothing is open
    /// that need not be.
    pub(crate) async fn is_set_up(&self) -> bool {
        let generation = *self.0.store.generation().borrow();
        let seen = self.0.set_up.load(Ordering::Acquire);
        // Users are never removed.
        if seen & 1 == 1 {
            return true;
        }
        if seen != 0 && seen >> 1 == generation + 1 {
            return false;
        }
        match self.0.store.count_users().await {
            Ok(count) => {
                let has_users = count > 0;
                let found = (generation + 1) << 1 | u64::from(has_users);
                self.0.set_up.store(found, Ordering::Release);
                has_users
            }
            Err(error) => {
                tracing::error!(%error, "the database cannot say whether there are users");
                true
            }
        }
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Platform").field("store", &self.0.store).finish_non_exhaustive()
    }
}

impl From<StoreError> for ApiError {
    /// For what no use case has a better word for: the request is right, and the database is not.
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Stale(_) => {
                let message = "it has changed since it was read";
                Self::new(crate::code::Code::PreconditionFailed, message)
            }
            StoreError::Taken(what) => {
                Self::new(crate::code::Code::NameTaken, format!("{what} is there already"))
            }
            StoreError::NotText => Self::body_invalid("a text holds the character NUL"),
            StoreError::Busy
            | StoreError::Gone(_)
            | StoreError::Unreachable(_)
            | StoreError::Database(_) => Self::store_unavailable(error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}
