//! The database: where it is, how it is opened with the keys that seal its secrets, and whether it
//! is still there. What is in it is read by the engine and written by the control side.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use architrave_core::{Clock, Secret};
use architrave_proxy::Keyring;
use architrave_store::{AuditEntry, Place, Store, StoreError, UsageStore};
use tokio::time::timeout;

/// What the keys that seal secrets at rest are derived for.
const SECRETS_AT_REST: &str = "secrets at rest";

/// The file of the embedded one, in the data folder.
const FILE: &str = "architrave.db";

/// How long the database may take to give a sign of life, and to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseChoice {
    /// The embedded one, in the data folder.
    Embedded,
    /// PostgreSQL, by its URL.
    Postgres(Secret),
}

/// An open database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub store: Store,
    /// What was used, in a file of its own beside it or in tables of its own.
    pub usage: UsageStore,
    /// The file of the embedded one, and which it was when it was opened.
    file: Option<(PathBuf, u64)>,
}

impl Database {
    /// Opens it, and makes it where it is not there. With two root keys its secrets are sealed with
    /// the newest from then on.
    ///
    /// # Errors
    /// When it cannot be reached, is of a newer version, or its secrets were sealed with other keys.
    pub(crate) async fn open(
        choice: &DatabaseChoice,
        folder: &Path,
        keyring: &Keyring,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let database = Self::open_beside(choice, folder, keyring, clock).await?;
        if keyring.is_rotating() {
            let sealed = reseal(&database.store).await;
            sealed.context("sealing secrets with the newest key")?;
        }
        Ok(database)
    }

    /// The same where a gateway may run, which seals.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub(crate) async fn open_beside(
        choice: &DatabaseChoice,
        folder: &Path,
        keyring: &Keyring,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let place = match choice {
            DatabaseChoice::Embedded => Place::Folder(folder.to_owned()),
            DatabaseChoice::Postgres(url) => Place::Postgres(url.clone()),
        };
        let usage = UsageStore::beside(&place, clock.clone());
        let keys = keyring.derive(SECRETS_AT_REST);
        let opened = Store::open(&place, keys, clock.clone()).await;
        let store = opened.with_context(|| choice.name(folder))?;
        let file = matches!(choice, DatabaseChoice::Embedded).then(|| folder.join(FILE));
        let file = file.and_then(|file| Some((file.clone(), inode(&file)?)));
        Ok(Self { store, usage, file })
    }

    /// Whether it answers, and is where it was: a file that was removed would take what is written
    /// with it.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn check(&self) -> Result<(), String> {
        self.check_file()?;
        match timeout(PATIENCE, self.store.ping()).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }

    /// Ends all connections to it.
    pub(crate) async fn close(&self) {
        let both = async { tokio::join!(self.store.close(), self.usage.close()) };
        if timeout(PATIENCE, both).await.is_err() {
            tracing::debug!("some connections to the database were cut off");
        }
    }

    /// Whether its file is where it was.
    ///
    /// # Errors
    /// What became of it.
    pub(crate) fn check_file(&self) -> Result<(), String> {
        let Some((file, opened)) = &self.file else { return Ok(()) };
        match inode(file) {
            Some(now) if now == *opened => Ok(()),
            Some(_) => Err(format!("{} was replaced by another file", file.display())),
            None => Err(format!("{} is gone", file.display())),
        }
    }
}

impl DatabaseChoice {
    /// For messages; never the URL, which may hold a password.
    fn name(&self, folder: &Path) -> String {
        match self {
            Self::Embedded => format!("database {}", folder.join(FILE).display()),
            Self::Postgres(_) => "database".to_owned(),
        }
    }
}

fn inode(file: &Path) -> Option<u64> {
    Some(std::fs::metadata(file).ok()?.ino())
}

async fn reseal(store: &Store) -> Result<(), StoreError> {
    let mut change = store.change().await?;
    let count = change.reseal_all().await?;
    change.commit(by_system("reseal_secrets", "database", "")).await?;
    tracing::info!(
        count,
        "secrets are sealed with the newest key; the older one can be thrown away"
    );
    Ok(())
}

/// An entry of the audit log for what the gateway does by itself.
pub(crate) fn by_system(action: &str, kind: &str, name: &str) -> AuditEntry {
    AuditEntry {
        actor: "system".to_owned(),
        actor_name: "system".to_owned(),
        via: "system".to_owned(),
        action: action.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        ..AuditEntry::default()
    }
}
