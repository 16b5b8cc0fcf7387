//! Backups of the embedded database: files in a folder of the data folder, the newest of them kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use architrave_store::{Store, StoreError, UsageStore};
use tokio::sync::Mutex;

/// So many are kept; the oldest make room.
const BACKUPS_MAX: usize = 10;

const PREFIX: &str = "architrave-";
const SUFFIX: &str = ".db";
/// What the names of the files beside a backup end in.
const USAGE: &str = ".usage";
const LEDGER: &str = ".ledger";

/// Where backups are.
#[derive(Clone)]
pub(crate) struct Backups {
    folder: PathBuf,
    /// Held while one is made.
    turn: Arc<Mutex<()>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backup {
    /// The name of its file.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// The name of the file with what was used, where there is one.
    pub(crate) usage: Option<String>,
    /// The name of the file with what consumers have spent, where there is one.
    pub(crate) ledger: Option<String>,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum BackupError {
    /// Another is being made.
    Busy,
    /// The database cannot be copied.
    Store(StoreError),
    /// The folder cannot be read or written.
    File(io::Error),
}

impl Backups {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, turn: Arc::default() }
    }

    /// Those that there are, the newest first.
    pub(crate) async fn list(&self) -> Result<Vec<Backup>, BackupError> {
        let folder = self.folder.clone();
        let work = tokio::task::spawn_blocking(move || list(&folder));
        let listed = work.await.map_err(|panic| BackupError::File(io::Error::other(panic)))?;
        listed.map_err(BackupError::File)
    }

    /// Makes one of this moment, called after `stamp`, which sorts by time; the oldest make room.
    pub(crate) async fn make(
        &self,
        (store, usage): (&Store, Option<&UsageStore>),
        stamp: &str,
    ) -> Result<Backup, BackupError> {
        let _turn = self.turn.try_lock().map_err(|_taken| BackupError::Busy)?;
        let folder = self.folder.clone();
        let made = tokio::task::spawn_blocking(move || make_folder(&folder)).await;
        let made = made.map_err(|panic| BackupError::File(io::Error::other(panic)))?;
        made.map_err(BackupError::File)?;
        let name = format!("{PREFIX}{stamp}{SUFFIX}");
        let file = self.folder.join(&name);
        store.backup(&file).await.map_err(BackupError::Store)?;
        if let Some(usage) = usage {
            let beside = self.folder.join(format!("{name}{USAGE}"));
            usage.backup(&beside).await.map_err(BackupError::Store)?;
        }
        // The data folder has it beside the folder of backups. Its lines are only ever added, so
        // that what is read of it is what it was a moment ago.
        let ledger = self.folder.parent().map(|data| data.join("ledger"));
        if let Some(ledger) = ledger.filter(|ledger| ledger.exists()) {
            let beside = self.folder.join(format!("{name}{LEDGER}"));
            fs::copy(ledger, beside).map_err(BackupError::File)?;
        }
        let all = self.list().await?;
        for old in all.iter().skip(BACKUPS_MAX) {
            let beside = [old.usage.as_ref(), old.ledger.as_ref()].into_iter().flatten();
            for name in std::iter::once(&old.name).chain(beside) {
                if let Err(error) = fs::remove_file(self.folder.join(name)) {
                    tracing::warn!(backup = name, %error, "an old backup could not be removed");
                }
            }
        }
        let found = all.into_iter().find(|one| one.name == name);
        found.ok_or_else(|| BackupError::File(io::ErrorKind::NotFound.into()))
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn list(folder: &Path) -> io::Result<Vec<Backup>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            let beside = |suffix: &str| {
                let beside = format!("{name}{suffix}");
                folder.join(&beside).exists().then_some(beside)
            };
            let (usage, ledger) = (beside(USAGE), beside(LEDGER));
            all.push(Backup { bytes: entry.metadata()?.len(), usage, ledger, name });
        }
    }
    all.sort_by(|one, other| other.name.cmp(&one.name));
    Ok(all)
}
