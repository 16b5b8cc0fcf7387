//! The open database.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

use architrave_core::Clock;
use sqlx::any::AnyArguments;
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AnyPool, Connection as _};
use tokio::sync::watch;

use crate::change::Change;
use crate::feed::Feed;
use crate::place::{Door, Engine, Waits};
use crate::vault::Vault;
use crate::{KEY_BYTES, Place, StoreError, key_checks, migrate};

/// An open database; clones are the same. Reads are methods of it, writes those of a [`Change`].
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    door: Door,
    writer: AnyPool,
    readers: AnyPool,
    vault: Vault,
    clock: Clock,
    feed: Feed,
    changes: AtomicUsize,
}

/// Counts a change for as long as it lasts.
pub(crate) struct Counted(Store);

impl Counted {
    pub(crate) fn store(&self) -> &Store {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.changes.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Store").field(&self.0.door.engine).finish()
    }
}

impl Store {
    /// Opens the database at a place, makes it where there is none, and brings it to the version
    /// that this program knows. `keys` seal its secrets, the newest first; an older one is given
    /// until all is sealed with the newest ([`Change::reseal_all`]).
    ///
    /// # Errors
    /// When the place cannot be reached, a newer program has written the database, or its secrets
    /// are sealed with a key that is not among those given.
    pub async fn open(
        place: &Place,
        keys: Vec<[u8; KEY_BYTES]>,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        Self::open_waiting(place, &keys, clock, Waits::default()).await
    }

    pub(crate) async fn open_waiting(
        place: &Place,
        keys: &[[u8; KEY_BYTES]],
        clock: Clock,
        waits: Waits,
    ) -> Result<Self, StoreError> {
        let vault = Vault::new(keys)?;
        let door = place.door(waits)?;
        door.knock().await?;
        let writer = door.writer();
        let at = micros(&clock);
        migrate::migrate(&writer, door.engine, &migrate::OBJECTS, at).await?;
        key_checks::check(&writer, door.engine, &vault, at).await?;
        let readers = door.readers();
        let feed = Feed::start(&door, &readers).await?;
        let changes = AtomicUsize::new(0);
        Ok(Self(Arc::new(Inner { door, writer, readers, vault, clock, feed, changes })))
    }

    /// Begins the one change there is at a time; waits for the one before.
    ///
    /// # Errors
    /// When another write takes too long, the database fails, or its file is gone.
    pub async fn change(&self) -> Result<Change, StoreError> {
        self.0.door.check_file()?;
        self.0.changes.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(self.clone());
        let begun = migrate::begin(&self.0.writer, self.0.door.engine).await?;
        Ok(Change::new(begun, counted, self.now()))
    }

    /// A number that grows with each change that is committed, here or by another process.
    #[must_use]
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.0.feed.subscribe()
    }

    /// The time as the store writes it: microseconds UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        micros(&self.0.clock)
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut lent = self.reader().await?;
        let _one: i64 = sqlx::query_scalar("SELECT number FROM generations WHERE one = 1")
            .fetch_one(&mut *lent)
            .await?;
        Ok(())
    }

    /// Writes a copy of the database, as it is at this moment, to a file that is not there yet,
    /// readable by its owner alone. Secrets in it are sealed as they are here.
    ///
    /// # Errors
    /// When the file is there or cannot be written, or the database is PostgreSQL, which has tools
    /// of its own for it.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        copy_to(&self.0.door, to).await
    }

    /// Ends all connections, once nobody uses them any more. A file is then whole by itself,
    /// without the log beside it.
    pub async fn close(&self) {
        self.0.feed.stop();
        self.0.readers.close().await;
        self.0.writer.close().await;
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<Any>, StoreError> {
        Ok(self.0.readers.acquire().await?)
    }

    /// Runs a statement that notes something of no consequence, unless somebody writes.
    pub(crate) async fn note(
        &self,
        statement: Query<'_, Any, AnyArguments>,
    ) -> Result<(), StoreError> {
        if self.0.changes.load(Ordering::Relaxed) == 0 {
            statement.execute(self.writer()).await?;
        }
        Ok(())
    }

    /// Where single statements of housekeeping go, which no change tells of.
    pub(crate) fn writer(&self) -> &AnyPool {
        &self.0.writer
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn engine(&self) -> Engine {
        self.0.door.engine
    }

    pub(crate) fn check_file(&self) -> Result<(), StoreError> {
        self.0.door.check_file()
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.0.feed
    }
}

/// Copies an embedded database, as it is at this moment, to a file that is not there yet.
pub(crate) async fn copy_to(door: &Door, to: &Path) -> Result<(), StoreError> {
    if door.engine == Engine::Postgres {
        return Err(StoreError::NotPossible("make backups of PostgreSQL with pg_dump"));
    }
    let path = to.to_str().ok_or_else(|| StoreError::NoPlace(to.display().to_string()))?;
    let failed = |error| StoreError::file(to, error);
    // SQLite writes into a file that is there when it is empty, and leaves its rights alone.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    made.map_err(failed)?;
    let copied = vacuum_into(door, path).await;
    if copied.is_err() {
        // What is there is no backup.
        let _left = std::fs::remove_file(to);
    }
    copied?;
    File::open(to).and_then(|file| file.sync_all()).map_err(failed)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

async fn vacuum_into(door: &Door, path: &str) -> Result<(), StoreError> {
    let mut own = door.connect().await?;
    sqlx::query("VACUUM INTO $1").bind(path).execute(&mut own).await?;
    own.close().await?;
    Ok(())
}

pub(crate) fn micros(clock: &Clock) -> i64 {
    let since = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
