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
/// And of one that is being written; what SQLite writes beside it.
const HALF: &str = ".part";
const HALF_JOURNAL: &str = ".part-journal";

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
        self.on_disk(move || list(&folder)).await
    }

    /// Makes one of this moment, called after `stamp`, which sorts by time; the oldest make room.
    /// Where a part of it cannot be written, nothing of it stays.
    pub(crate) async fn make(
        &self,
        (store, usage): (&Store, Option<&UsageStore>),
        stamp: &str,
    ) -> Result<Backup, BackupError> {
        let _turn = self.turn.try_lock().map_err(|_taken| BackupError::Busy)?;
        let folder = self.folder.clone();
        // What somebody left half goes before there is more, so that a disk does not fill up with it.
        self.on_disk(move || make_folder(&folder).and_then(|()| tidy(&folder))).await?;
        let name = format!("{PREFIX}{stamp}{SUFFIX}");
        if self.folder.join(&name).exists() {
            return Err(BackupError::File(io::ErrorKind::AlreadyExists.into()));
        }
        if let Err(error) = self.write(&name, (store, usage)).await {
            for part in self.parts(&name) {
                let _left = fs::remove_file(part.half);
                // None was there before: its name is this one's.
                let _left = fs::remove_file(part.whole);
            }
            return Err(error);
        }
        let folder = self.folder.clone();
        let all = self
            .on_disk(move || {
                tidy(&folder)?;
                list(&folder)
            })
            .await?;
        let found = all.into_iter().find(|one| one.name == name);
        found.ok_or_else(|| BackupError::File(io::ErrorKind::NotFound.into()))
    }

    /// Writes its files under other names, and gives them theirs once all of them are whole: the one
    /// that is listed last.
    async fn write(
        &self,
        name: &str,
        (store, usage): (&Store, Option<&UsageStore>),
    ) -> Result<(), BackupError> {
        let [database, used, spent] = self.parts(name);
        store.backup(&database.half).await.map_err(BackupError::Store)?;
        let mut written = vec![];
        if let Some(usage) = usage
            && usage.backup(&used.half).await.map_err(BackupError::Store)?
        {
            written.push(used);
        }
        // The data folder has it beside the folder of backups. Its lines are only ever added, so
        // that what is read of it is what it was a moment ago.
        let ledger = self.folder.parent().map(|data| data.join("ledger"));
        let ledger = ledger.filter(|ledger| ledger.exists());
        let folder = self.folder.clone();
        self.on_disk(move || {
            if let Some(ledger) = ledger {
                fs::copy(ledger, &spent.half)?;
                fs::File::open(&spent.half)?.sync_all()?;
                written.push(spent);
            }
            written.push(database);
            for part in written {
                fs::rename(part.half, part.whole)?;
            }
            fs::File::open(folder)?.sync_all()
        })
        .await
    }

    /// The database, what was used, what was spent.
    fn parts(&self, name: &str) -> [Part; 3] {
        ["", USAGE, LEDGER].map(|suffix| Part {
            whole: self.folder.join(format!("{name}{suffix}")),
            half: self.folder.join(format!("{name}{suffix}{HALF}")),
        })
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, BackupError> {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|panic| BackupError::File(io::Error::other(panic)))?.map_err(BackupError::File)
    }
}

/// One of the files of a backup, and what it is called while it is written.
struct Part {
    whole: PathBuf,
    half: PathBuf,
}

/// Removes what was left half, and the oldest that are too many.
fn tidy(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_half = name.ends_with(HALF) || name.ends_with(HALF_JOURNAL);
        if name.starts_with(PREFIX) && is_half {
            remove(folder, &name);
        }
    }
    for old in list(folder)?.iter().skip(BACKUPS_MAX) {
        let beside = [old.usage.as_ref(), old.ledger.as_ref()].into_iter().flatten();
        for name in std::iter::once(&old.name).chain(beside) {
            remove(folder, name);
        }
    }
    Ok(())
}

fn remove(folder: &Path, name: &str) {
    if let Err(error) = fs::remove_file(folder.join(name)) {
        tracing::warn!(backup = name, %error, "an old backup could not be removed");
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

#[cfg(test)]
mod tests {
    use architrave_core::Clock;
    use architrave_store::Place;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn nothing_is_left_of_one_that_failed_or_was_cut_short() {
        let data = TempDir::new().unwrap();
        let place = Place::Folder(data.path().to_owned());
        let folder = data.path().join("backups");
        let files = || {
            let entries = fs::read_dir(&folder).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort_unstable();
            names
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&place, vec![[7; 32]], Clock::system()).await.unwrap();
            let backups = Backups::new(folder.clone());
            let usage = UsageStore::beside(&place, Clock::system());
            fs::write(data.path().join("ledger"), "a line\n").unwrap();
            // A process that was killed meanwhile, and what is none of ours.
            make_folder(&folder).unwrap();
            for left in ["architrave-0.db.part", "architrave-0.db.usage.part", "notes.part"] {
                fs::write(folder.join(left), "half").unwrap();
            }
            fs::write(data.path().join("usage.db"), "this is no database at all".repeat(99))
                .unwrap();
            for stamp in ["1", "2"] {
                let made = backups.make((&store, Some(&usage)), stamp).await;
                assert!(matches!(made, Err(BackupError::Store(_))), "{made:?}");
                assert_eq!(files(), ["notes.part"]);
                assert_eq!(backups.list().await.unwrap(), []);
            }
            fs::remove_file(data.path().join("usage.db")).unwrap();
            let usage = UsageStore::beside(&place, Clock::system());
            let made = backups.make((&store, Some(&usage)), "3").await.unwrap();
            assert_eq!((made.usage, made.ledger.is_some()), (None, true));
            assert_eq!(files(), ["architrave-3.db", "architrave-3.db.ledger", "notes.part"]);
            // One that is there is not written over, and stays.
            let again = backups.make((&store, Some(&usage)), "3").await;
            assert!(matches!(again, Err(BackupError::File(_))), "{again:?}");
            assert_eq!(backups.list().await.unwrap().len(), 1);
            for stamp in 10..24 {
                backups.make((&store, Some(&usage)), &stamp.to_string()).await.unwrap();
            }
            assert_eq!(backups.list().await.unwrap().len(), BACKUPS_MAX);
            assert_eq!(files().len(), 2 * BACKUPS_MAX + 1);
        });
    }
}
