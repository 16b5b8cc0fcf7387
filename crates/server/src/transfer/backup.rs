//! Copies of the embedded database, with what was used and spent beside it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};

use super::opened::Opened;
use super::options::Target;
use super::{ended, run};
use crate::database::DatabaseChoice;
use crate::{data, keys};

/// Copies the embedded database, whether or not a gateway runs.
pub(crate) fn backup(target: &Target, file: &Path) -> ExitCode {
    ended(run(async {
        ensure!(
            target.choice == DatabaseChoice::Embedded,
            "this copies the embedded database; make backups of PostgreSQL with pg_dump"
        );
        let beside = |suffix: &str| {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        let (usage, ledger) = (beside(".usage"), beside(".ledger"));
        for part in [file, &usage, &ledger] {
            ensure!(!part.exists(), "{} is there already, and is not written over", part.display());
        }
        let opened = Opened::read(target).await?;
        let made = async {
            opened.database.store.backup(file).await?;
            let has_usage = opened.database.usage.backup(&usage).await?;
            // Its lines are only ever added, so that a copy is what it was a moment ago.
            let spent = target.data.join(data::LEDGER);
            let has_ledger = spent.exists();
            if has_ledger {
                copy_new(&spent, &ledger).with_context(|| ledger.display().to_string())?;
            }
            anyhow::Ok((has_usage, has_ledger))
        };
        let made = made.await;
        opened.close().await;
        if made.is_err() {
            // None was there before, and what there is now is no backup.
            for part in [file, &usage, &ledger] {
                let _none = std::fs::remove_file(part);
            }
        }
        let (has_usage, has_ledger) = made?;
        let key = target.data.join(keys::ROOT_KEY);
        eprintln!("{} is whole; its secrets are sealed with {}", file.display(), key.display());
        if has_usage {
            eprintln!("{} has what was used: usage.db", usage.display());
        }
        if has_ledger {
            eprintln!("{} has what consumers have spent: ledger", ledger.display());
        }
        Ok(ExitCode::SUCCESS)
    }))
}

/// A copy of a small file, for its owner alone, where none is yet.
fn copy_new(from: &Path, to: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(from)?;
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(to)?;
    out.write_all(&bytes)?;
    out.sync_all()
}
