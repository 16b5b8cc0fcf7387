//! Where a database is, and how connections to it are opened: one that writes, a few that read,
//! each only when it is first needed.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use architrave_core::Secret;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _};
use tracing::log::LevelFilter;

use crate::StoreError;

/// What the file is called in the data folder.
const FILE: &str = "architrave.db";

/// How long a write waits for another one, and a read for a free connection.
const PATIENCE: Duration = Duration::from_secs(15);
/// A statement that takes longer is told of in the log; ours take milliseconds.
const SLOW: Duration = Duration::from_secs(1);

/// Connections that read a SQLite file; each has a thread of its own.
const SQLITE_READERS: u32 = 4;
/// Connections that read from PostgreSQL, of each node.
const POSTGRES_READERS: u32 = 8;

/// WAL, so that readers and the writer do not wait for each other; FULL, so that what was
/// acknowledged outlives a loss of power. The log is cut back after a burst.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
    PRAGMA journal_size_limit = 67108864";
const SQLITE_READER: &str = "PRAGMA busy_timeout = 15000; PRAGMA trusted_schema = OFF; \
    PRAGMA query_only = ON";
/// What a database operator sees of who is connected; and no wait for a node that has frozen in
/// the middle of a write.
const POSTGRES_WRITER: &str = "SET application_name = 'architrave'; SET lock_timeout = '15s'; \
    SET idle_in_transaction_session_timeout = '60s'";
const POSTGRES_READER: &str = "SET application_name = 'architrave'; \
    SET default_transaction_read_only = on";

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
    options: AnyConnectOptions,
}

impl Place {
    /// Makes ready to connect; makes the file of a folder, readable by its owner alone.
    pub(crate) fn door(&self) -> Result<Door, StoreError> {
        sqlx::any::install_default_drivers();
        let (engine, url) = match self {
            Self::Folder(folder) => (Engine::Sqlite, sqlite_url(&file(folder)?)?),
            Self::Postgres(url) => (Engine::Postgres, url.expose().to_owned()),
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
        Ok(Door { engine, options })
    }
}

impl Door {
    /// Connects once, to hear what is wrong at once: a pool would try again for as long as it has
    /// patience, and then say that it had none left.
    pub(crate) async fn knock(&self) -> Result<(), sqlx::Error> {
        let mut first = self.connect().await?;
        first.execute(self.as_writer()).await?;
        first.close().await
    }

    /// The one connection that writes.
    pub(crate) fn writer(&self) -> AnyPool {
        self.pool(1, self.as_writer())
    }

    fn as_writer(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => SQLITE_WRITER,
            Engine::Postgres => POSTGRES_WRITER,
        }
    }

    /// Connections that can only read.
    pub(crate) fn readers(&self) -> AnyPool {
        match self.engine {
            Engine::Sqlite => self.pool(SQLITE_READERS, SQLITE_READER),
            Engine::Postgres => self.pool(POSTGRES_READERS, POSTGRES_READER),
        }
    }

    fn pool(&self, connections: u32, first: &'static str) -> AnyPool {
        let options = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            // A file does not go away behind a connection; a server does.
            .test_before_acquire(self.engine == Engine::Postgres)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(first).await?;
                    Ok(())
                })
            });
        options.connect_lazy_with(self.options.clone())
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

/// The file, made where it is not there: SQLite gives the files beside it the same rights.
fn file(folder: &Path) -> Result<PathBuf, StoreError> {
    let file = folder.join(FILE);
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
