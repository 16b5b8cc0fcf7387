//! The one transaction that writes. It ends with a row of the audit log, or it never was.

use std::collections::HashSet;
use std::fmt;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Transaction};

use crate::audit::AuditEntry;
use crate::feed::TOPIC;
use crate::place::Engine;
use crate::reads::Sight;
use crate::store::Counted;
use crate::{Store, StoreError, key_checks, new_id};

/// A change that has begun; nothing of it is there until [`Change::commit`], and dropping it undoes
/// it. Reads of it see what it has written.
#[must_use = "a change that is dropped is undone"]
pub struct Change {
    transaction: Transaction<'static, Any>,
    counted: Counted,
    at: i64,
    is_broken: bool,
    /// The generation that it will be, once somebody has asked.
    pub(crate) generation: Option<i64>,
    /// Ids of applications that are noted as changed by it already.
    pub(crate) touched: HashSet<String>,
}

impl fmt::Debug for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Change").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Change {
    pub(crate) fn new(transaction: Transaction<'static, Any>, counted: Counted, at: i64) -> Self {
        let (is_broken, generation, touched) = (false, None, HashSet::new());
        Self { transaction, counted, at, is_broken, generation, touched }
    }

    /// When it began, in microseconds UTC: the time of all that it writes.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }

    /// A new id with a prefix, of the time of the change.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new_id(&self, prefix: &str) -> Result<String, StoreError> {
        new_id(prefix, self.at)
    }

    /// Makes the change last, together with a row of the audit log, and returns its generation.
    /// When it resolves, the change is on the disk.
    ///
    /// # Errors
    /// When an earlier part of it has failed, or the database fails. Then nothing was written; but
    /// where the connection to a server is lost in the very moment, it may have been, and
    /// [`Store::generation`] tells.
    pub async fn commit(mut self, audit: AuditEntry) -> Result<u64, StoreError> {
        if self.is_broken {
            return Err(StoreError::Broken);
        }
        self.record(&audit).await?;
        let number: i64 = sqlx::query_scalar(
            "UPDATE generations SET number = number + 1 WHERE one = 1 RETURNING number",
        )
        .fetch_one(&mut *self.transaction)
        .await?;
        if self.store().engine() == Engine::Postgres {
            let told = sqlx::query("SELECT pg_notify($1, $2)").bind(TOPIC).bind(number.to_string());
            told.execute(&mut *self.transaction).await?;
        }
        // It may have gone while the change was made.
        self.store().check_file()?;
        self.transaction.commit().await?;
        let generation = u64::try_from(number).unwrap_or_default();
        self.counted.store().feed().tell(generation);
        Ok(generation)
    }

    /// Seals every secret anew with the newest key, after which the older ones can be thrown away;
    /// returns how many there were.
    ///
    /// # Errors
    /// When the database fails, or a secret is sealed with a key that was not given.
    pub async fn reseal_all(&mut self) -> Result<u64, StoreError> {
        let mut count = crate::objects::reseal(self).await?;
        count += crate::settings::reseal(self).await?;
        count += crate::idempotency::reseal(self).await?;
        let sight = self.sight();
        key_checks::keep_newest(sight.on, sight.vault).await?;
        Ok(count)
    }

    /// What reads read with.
    pub(crate) fn sight(&mut self) -> Sight<'_> {
        Sight { on: &mut self.transaction, vault: self.counted.store().vault() }
    }

    pub(crate) fn store(&self) -> &Store {
        self.counted.store()
    }

    /// Makes sure that nothing of the change lasts: half of something was written.
    pub(crate) fn spoil(&mut self) {
        self.is_broken = true;
    }

    /// Runs a statement that writes; returns how many rows it wrote. After one that failed,
    /// nothing of the change may last: PostgreSQL refuses to go on, SQLite would not.
    pub(crate) async fn run(
        &mut self,
        statement: Query<'_, Any, AnyArguments>,
    ) -> Result<u64, sqlx::Error> {
        let run = statement.execute(&mut *self.transaction).await;
        self.is_broken |= run.is_err();
        Ok(run?.rows_affected())
    }
}
