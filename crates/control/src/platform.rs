//! What the API keeps beside the running gateway: the database, and what is remembered of those
//! who try to get in. Lives as long as the process, through every reload.

pub(crate) mod attempts;
pub(crate) mod password;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use architrave_core::Clock;
use architrave_store::{Change, Store, StoreError};

use crate::error::ApiError;
use attempts::Attempts;
use password::Passwords;

/// The open platform's database and what goes with it. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Platform(Arc<Inner>);

struct Inner {
    store: Store,
    passwords: Passwords,
    attempts: Attempts,
    /// What [`Platform::is_set_up`] found, and when: the store's generation with the answer in the
    /// lowest bit; 0 before it has looked.
    set_up: AtomicU64,
    /// When what has expired was last thrown away, in microseconds UTC.
    swept_at: AtomicI64,
}

/// How often that is done, in microseconds: an hour.
const SWEEP_EVERY: i64 = 60 * 60 * 1_000_000;

impl Platform {
    /// Over a database that is open.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let attempts = Attempts::new(clock);
        let passwords = Passwords::new();
        Self(Arc::new(Inner {
            store,
            passwords,
            attempts,
            set_up: AtomicU64::new(0),
            swept_at: AtomicI64::new(0),
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

    /// The time in microseconds UTC.
    pub(crate) fn now(&self) -> i64 {
        self.0.store.now()
    }

    /// Throws away, once in a while, what has expired: sessions and kept answers.
    pub(crate) async fn sweep(&self) {
        let now = self.now();
        let last = self.0.swept_at.swap(now, Ordering::AcqRel);
        if now - last < SWEEP_EVERY {
            // Somebody else's turn is not over.
            self.0.swept_at.fetch_min(last, Ordering::AcqRel);
            return;
        }
        let store = &self.0.store;
        for swept in [store.sweep_sessions().await, store.sweep_idempotency().await] {
            if let Err(error) = swept {
                tracing::warn!(%error, "what has expired could not be thrown away");
            }
        }
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
            StoreError::Busy | StoreError::Unreachable(_) | StoreError::Database(_) => {
                Self::store_unavailable(error.to_string())
            }
            _ => Self::internal(error.to_string()),
        }
    }
}
