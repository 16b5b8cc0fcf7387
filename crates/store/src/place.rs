//! Where a database is, and how connections to it are opened: one that writes, a few that read,
//! each only when it is first needed.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use architrave_core::Secret;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{
    AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _,
};
use tracing::log::LevelFilter;

use crate::StoreError;

/// Before a busy database is tried again when it is opened.
const PAUSE: Duration = Duration::from_millis(20);

/// What the file is called in the data folder.
pub(crate) const FILE: &str = "architrave.db";

/// A statement that takes longer is told of in the log; ours take milliseconds.
const SLOW: Duration = Duration::from_secs(1);

/// Connections that read a SQLite file, each with a thread of its own; one of them looks for what
/// other processes write.
const SQLITE_READERS: u32 = 4;
/// Connections that read from PostgreSQL, of each node.
const POSTGRES_READERS: u32 = 8;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// A write for another one, and a read for a free connection.
    pub(crate) patience: Duration,
    /// Between two looks whether another process has written, where nobody tells: an upgrade lets
    /// two processes have a file, and a listener of PostgreSQL may have lost its connection.
    pub(crate) look: Duration,
}

impl Default for Waits {
    /// A write takes milliseconds, or as long as it takes to lay out a large configuration.
    fn default() -> Self {
        Self { patience: Duration::from_secs(15), look: Duration::from_secs(1) }
    }
}

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a folder, as the file `architrave.db`.
    Folder(PathBuf),
    /// At a PostgreSQL server, by a URL `postgres://…`.
    Postgres(Secret),
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A place that can be connected to.
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) waits: Waits,
    is_synced: bool,
    options: AnyConnectOptions,
    /// The file, and which one it is to the system.
    file: Option<(PathBuf, (u64, u64))>,
}

impl Place {
    /// Makes ready to connect; makes the file of a folder, readable by its owner alone.
    pub(crate) fn door(&self, waits: Waits) -> Result<Door, StoreError> {
        self.door_to(FILE, waits, true)
    }

    /// The same to another file of the folder. What is not `is_synced` outlives the process, but
    /// the last moments before the machine itself stops may be lost, whole.
    pub(crate) fn door_to(
        &self,
        name: &str,
        waits: Waits,
        is_synced: bool,
    ) -> Result<Door, StoreError> {
        sqlx::any::install_default_drivers();
        let (engine, url, file) = match self {
            Self::Folder(folder) => {
                let file = file(folder, name)?;
                let url = sqlite_url(&file)?;
                let identity = identity(&file).map_err(|error| StoreError::file(&file, error))?;
                (Engine::Sqlite, url, Some((file, identity)))
            }
            Self::Postgres(url) => (Engine::Postgres, url.expose().to_owned(), None),
        };
        // The URL may hold a password, so that no error repeats it.
        let no_place = || match self {
            Self::Folder(folder) => StoreError::NoPlace(folder.display().to_string()),
            Self::Postgres(_) => StoreError::NoPlace("the URL of PostgreSQL".to_owned()),
        };
        let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if engine == Engine::Postgres && !is_postgres {
            return Err(no_place());
        }
        let options = AnyConnectOptions::from_str(&url).map_err(|_| no_place())?;
        let options = options.log_statements(LevelFilter::Off);
        let options = options.log_slow_statements(LevelFilter::Warn, SLOW);
        Ok(Door { engine, waits, is_synced, options, file })
    }
}

impl Door {
    /// Connects once, to hear what is wrong at once: a pool would try again for as long as it has
    /// patience, and then say that it had none left. Only who finds it busy tries again: SQLite
    /// does not wait by itself when it turns the log on.
    pub(crate) async fn knock(&self) -> Result<(), StoreError> {
        let mut tries = self.waits.patience.as_millis() / PAUSE.as_millis();
        loop {
            match self.try_knock().await.map_err(StoreError::from) {
                Err(StoreError::Busy) if tries > 0 => tries -= 1,
                done => return done,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_knock(&self) -> Result<(), sqlx::Error> {
        let mut first = self.connect().await?;
        first.execute(AssertSqlSafe(self.as_writer())).await?;
        first.close().await
    }

    /// Whether the file is where it was: one that was removed takes what is written with it.
    pub(crate) fn check_file(&self) -> Result<(), StoreError> {
        let Some((file, opened)) = &self.file else { return Ok(()) };
        match identity(file) {
            Ok(now) if now == *opened => Ok(()),
            _ => Err(StoreError::Gone(file.display().to_string())),
        }
    }

    /// The one connection that writes.
    pub(crate) fn writer(&self) -> AnyPool {
        let options = self.pool(1, self.as_writer()).after_release(|connection, _| {
            Box::pin(async move {
                // Until here, whatever was begun and dropped is undone. SQLite may have done so
                // before, on a full disk; then the driver believes in a transaction that is over,
                // and could not begin another.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        });
        options.connect_lazy_with(self.options.clone())
    }

    /// Connections that can only read.
    pub(crate) fn readers(&self) -> AnyPool {
        let connections = match self.engine {
            Engine::Sqlite => SQLITE_READERS,
            Engine::Postgres => POSTGRES_READERS,
        };
        self.pool(connections, self.as_reader()).connect_lazy_with(self.options.clone())
    }

    /// What a connection that writes says first. SQLite: WAL, so that readers and the writer do not
    /// wait for each other; FULL, so that what was acknowledged outlives a loss of power; the log is
    /// cut back after a burst. PostgreSQL: no wait for a node that has frozen in the middle of a
    /// write.
    fn as_writer(&self) -> String {
        let patience = self.waits.patience.as_millis();
        match self.engine {
            Engine::Sqlite => format!(
                "PRAGMA busy_timeout = {patience}; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = {}; PRAGMA foreign_keys = ON; \
                 PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864",
                if self.is_synced { "FULL" } else { "NORMAL" }
            ),
            Engine::Postgres => format!(
                "SET application_name = 'architrave'; SET lock_timeout = {patience}; \
                 SET idle_in_transaction_session_timeout = '60s'{}",
                if self.is_synced { "" } else { "; SET synchronous_commit = off" }
            ),
        }
    }

    /// What a connection that reads says first: that it does nothing else.
    fn as_reader(&self) -> String {
        let patience = self.waits.patience.as_millis();
        match self.engine {
            Engine::Sqlite => format!(
                "PRAGMA busy_timeout = {patience}; PRAGMA trusted_schema = OFF; \
                 PRAGMA query_only = ON"
            ),
            Engine::Postgres => "SET application_name = 'architrave'; \
                                 SET default_transaction_read_only = on"
                .to_owned(),
        }
    }

    fn pool(&self, connections: u32, first: String) -> AnyPoolOptions {
        AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(self.waits.patience)
            // A file does not go away behind a connection; a server does.
            .test_before_acquire(self.engine == Engine::Postgres)
            .after_connect(move |connection, _| {
                let first = first.clone();
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(first)).await?;
                    Ok(())
                })
            })
    }

    /// A connection of one's own, as the database has it by itself.
    pub(crate) async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        self.options.connect().await
    }

    /// Its URL, which may hold a password.
    pub(crate) fn url(&self) -> &str {
        self.options.database_url.as_str()
    }
}

/// Which file it is to the system, whatever it is called.
fn identity(file: &Path) -> std::io::Result<(u64, u64)> {
    let told = std::fs::metadata(file)?;
    Ok((told.dev(), told.ino()))
}

/// The file, made where it is not there: SQLite gives the files beside it the same rights.
fn file(folder: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let file = folder.join(name);
    let mut options = OpenOptions::new();
    let made = options.write(true).create(true).truncate(false).mode(0o600).open(&file);
    made.map_err(|error| StoreError::file(&file, error))?;
    std::path::absolute(&file).map_err(|error| StoreError::file(&file, error))
}

fn sqlite_url(file: &Path) -> Result<String, StoreError> {
    let path = file.to_str().ok_or_else(|| StoreError::NoPlace(file.display().to_string()))?;
    let mut url = "sqlite://".to_owned();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                url.push(char::from(byte));
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url.push_str("?mode=rw");
    Ok(url)
}
