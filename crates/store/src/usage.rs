//! What was used: sums by minute, hour and day, sketches, and exchanges told of by themselves. In a
//! file of its own beside the database, or in tables of its own in PostgreSQL, so that what is
//! written each second never stands in the way of a change.
//!
//! A batch is one transaction, and writes cells as they stand: written twice, it is counted once.

mod coarse;
mod read;
mod requests;
mod sweep;
mod write;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use architrave_core::Clock;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool};
use tokio::sync::OnceCell;

use crate::migrate::{self, Migration, Steps};
use crate::place::{Door, Engine, Waits};
use crate::store::{copy_to, micros};
use crate::whole::{self, Table, tables};
use crate::{Place, StoreError};

pub use read::{UsageGroup, UsageQuery, UsageScope, UsageSlice, UsageSums};
pub use requests::{RequestFilter, RequestRow};
pub use sweep::{UsageKeep, UsageSwept};
pub use write::{UsageBatch, UsageCell, UsageKey};

/// What the file is called in the data folder.
const FILE: &str = "usage.db";

/// How long a write waits for another: what is not written comes again a second later.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

const STEPS: Steps = Steps {
    table: "usage_migrations",
    all: &[
        Migration {
            name: "begin",
            both: include_str!("../migrations/usage_0001_begin.sql"),
            sqlite: "",
            postgres: "",
        },
        Migration {
            name: "bodies",
            both: include_str!("../migrations/usage_0002_bodies.sql"),
            sqlite: "",
            postgres: "",
        },
        Migration {
            name: "coarse",
            both: include_str!("../migrations/usage_0003_coarse.sql"),
            sqlite: "",
            postgres: "",
        },
    ],
};

/// Every table.
pub(crate) const TABLES: &[Table] = tables! {
    usage_writers { Number: id, started_at, written_at, events, dropped, has_coarse; }
    usage_keys {
        Number: id, seen_at;
        Text: service, version, route, operation, consumer, application, plan, product, team, model,
            deployment, provider, status, reason;
    }
    usage_cells {
        Number: step, at, key_id, part, requests, errors, attempts, bytes_in, bytes_out, latency_us,
            first_tokens, first_token_us, tokens_input, tokens_cache_read, tokens_cache_write,
            tokens_cache_write_1h, tokens_input_audio, tokens_input_image, tokens_output,
            tokens_reasoning, tokens_output_audio, tokens_output_image, cost_nano_usd;
    }
    usage_sketches { Number: span, step, at, key_id, part; Bytes: sketch; }
    usage_requests {
        Number: id, at, status, latency_us;
        Text: request_id, trace_id, service, route, consumer, team, model, method, path, reason,
            facts, bodies;
    }
};

/// The database of what was used; clones are the same. It is opened when it is first needed, and
/// again until that works: nothing else waits for it.
#[derive(Clone)]
pub struct UsageStore(Arc<Inner>);

struct Inner {
    place: Place,
    clock: Clock,
    open: OnceCell<Open>,
}

struct Open {
    door: Door,
    writer: AnyPool,
    readers: AnyPool,
}

impl fmt::Debug for UsageStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("UsageStore").field(&self.0.open.initialized()).finish()
    }
}

impl UsageStore {
    /// The one beside the database at a place.
    #[must_use]
    pub fn beside(place: &Place, clock: Clock) -> Self {
        Self(Arc::new(Inner { place: place.clone(), clock, open: OnceCell::new() }))
    }

    /// Opens it, and makes it where it is not there.
    ///
    /// # Errors
    /// When the place cannot be reached, or a newer program has written it.
    pub async fn open(&self) -> Result<(), StoreError> {
        self.opened().await.map(|_| ())
    }

    /// The number of a process that begins to write, which no other has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_writer(&self) -> Result<i64, StoreError> {
        let statement = "INSERT INTO usage_writers \
                         (started_at, written_at, events, dropped, has_coarse) \
                         VALUES ($1, $1, 0, 0, 1) RETURNING id";
        let now = micros(&self.0.clock);
        let writer = &self.opened().await?.writer;
        Ok(sqlx::query_scalar(statement).bind(now).fetch_one(writer).await?)
    }

    /// Writes a copy of what was used, as it is at this moment, to a file that is not there yet,
    /// readable by its owner alone; false where nothing was ever used.
    ///
    /// # Errors
    /// As of [`Store::backup`](crate::Store::backup).
    pub async fn backup(&self, to: &Path) -> Result<bool, StoreError> {
        if let Place::Folder(folder) = &self.0.place
            && !folder.join(FILE).exists()
        {
            return Ok(false);
        }
        copy_to(&self.opened().await?.door, to).await?;
        Ok(true)
    }

    /// Copies everything that was used into another one, in the place of what is there, whole or not at
    /// all; returns how many rows there are, and `None` where nothing was ever used. Nobody may write
    /// here or there meanwhile.
    ///
    /// # Errors
    /// When a database fails; then nothing was written.
    pub async fn copy_whole(&self, into: &Self) -> Result<Option<u64>, StoreError> {
        if let Place::Folder(folder) = &self.0.place
            && !folder.join(FILE).exists()
        {
            return Ok(None);
        }
        let mut from = self.reader().await?;
        let opened = into.opened().await?;
        let mut to = opened.begin().await?;
        let mut count = 0;
        for table in TABLES {
            // What a copy that was cut short has left.
            let gone = sqlx::AssertSqlSafe(format!("DELETE FROM {}", table.name));
            sqlx::query(gone).execute(&mut *to).await?;
            count += whole::copy(&mut from, (&mut *to, opened.door.engine), table).await?;
        }
        to.commit().await?;
        Ok(Some(count))
    }

    /// Ends all connections, once nobody uses them any more.
    pub async fn close(&self) {
        if let Some(open) = self.0.open.get() {
            open.readers.close().await;
            open.writer.close().await;
        }
    }

    async fn opened(&self) -> Result<&Open, StoreError> {
        self.0.open.get_or_try_init(|| Open::at(&self.0.place, &self.0.clock)).await
    }

    async fn reader(&self) -> Result<PoolConnection<Any>, StoreError> {
        Ok(self.opened().await?.readers.acquire().await?)
    }
}

impl Open {
    async fn at(place: &Place, clock: &Clock) -> Result<Self, StoreError> {
        let waits = Waits { patience: PATIENCE, ..Waits::default() };
        let door = place.door_to(FILE, waits, false)?;
        door.knock().await?;
        let writer = door.writer();
        migrate::migrate(&writer, door.engine, &STEPS, micros(clock)).await?;
        let readers = door.readers();
        Ok(Self { door, writer, readers })
    }

    /// Begins a transaction that writes. On PostgreSQL others write beside it: no two processes
    /// ever write the same cell.
    async fn begin(&self) -> Result<sqlx::Transaction<'static, Any>, StoreError> {
        match self.door.engine {
            Engine::Sqlite => migrate::begin(&self.writer, Engine::Sqlite).await,
            Engine::Postgres => Ok(self.writer.begin().await?),
        }
    }
}
