//! The data folder: what outlives the process. One process has it at a time; in an upgrade the new
//! one gets the old one's lock, so that there is no moment at which a third could have it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::sockets::Inherited;

/// What the lock is called among the things that an old process hands over.
const LABEL: &str = "data";

/// The file of what consumers have spent, in the folder.
pub(crate) const LEDGER: &str = "ledger";

/// The folder, for as long as this process has it.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    lock: File,
}

impl DataFolder {
    /// Takes the folder, and makes it where it is not there.
    ///
    /// # Errors
    /// When another process has it, which is named, or it cannot be made.
    pub(crate) fn open(path: &Path, inherited: &mut Inherited) -> anyhow::Result<Self> {
        let name = || format!("data folder {}", path.display());
        Self::make(path)?;
        let lock = match inherited.take(LABEL) {
            Some(lock) => File::from(lock),
            None => Self::lock(&path.join("lock")).with_context(name)?,
        };
        let folder = Self { path: path.to_owned(), lock };
        folder.sign().with_context(name)?;
        Ok(folder)
    }

    /// Makes a folder where it is not there, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make(path: &Path) -> anyhow::Result<()> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("data folder {}", path.display()))
    }

    fn lock(path: &Path) -> anyhow::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = options.open(path)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(lock),
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // Without its name it is still taken.
                let _unsigned = lock.read_to_string(&mut holder);
                match holder.trim() {
                    "" => bail!("another process has it"),
                    pid => bail!("process {pid} has it"),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down who has it.
    pub(crate) fn sign(&self) -> std::io::Result<()> {
        let mut lock = &self.lock;
        lock.rewind()?;
        lock.set_len(0)?;
        writeln!(lock, "{}", std::process::id())
    }

    /// What is to be handed to a new process, with its label.
    #[must_use]
    pub(crate) fn labelled(&self) -> (String, BorrowedFd<'_>) {
        (LABEL.to_owned(), self.lock.as_fd())
    }

    /// The folder itself.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of where things live that providers keep.
    #[must_use]
    pub(crate) fn kept(&self) -> PathBuf {
        self.path.join("kept")
    }

    /// The folder of copies of the embedded database.
    #[must_use]
    pub(crate) fn backups(&self) -> PathBuf {
        self.path.join("backups")
    }

    /// The file of what consumers have spent.
    #[must_use]
    pub(crate) fn ledger(&self) -> PathBuf {
        self.path.join(LEDGER)
    }
}

/// Whether an old process has handed its folder over.
#[must_use]
pub(crate) fn is_inherited(inherited: &Inherited) -> bool {
    inherited.has(LABEL)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_folder_is_one_process_alone_and_says_whose() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a/b");
        let folder = DataFolder::open(&path, &mut Inherited::default()).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let error = DataFolder::open(&path, &mut Inherited::default()).unwrap_err();
        let said = format!("{error:#}");
        let wanted =
            format!("data folder {}: process {} has it", path.display(), std::process::id());
        assert_eq!(said, wanted);
        drop(folder);
        assert!(DataFolder::open(&path, &mut Inherited::default()).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_by_name() {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = DataFolder::open(&file, &mut Inherited::default()).unwrap_err();
        assert!(format!("{error:#}").starts_with(&format!("data folder {}: ", file.display())));
    }
}
