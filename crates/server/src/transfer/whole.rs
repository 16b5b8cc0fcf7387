//! A database is copied whole into an empty PostgreSQL: people and their passwords, sessions and tokens,
//! the audit log and revisions too, and what was used.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what commands do")]

use std::process::ExitCode;

use anyhow::{Context, ensure};
use architrave_core::{Clock, Secret};

use super::opened::Opened;
use super::options::Target;
use super::{ended, run};
use crate::database::{Database, DatabaseChoice, by_system};
use crate::keys;

/// Copies a database, of which no gateway may run, into the one at a URL, which must be empty.
pub(crate) fn copy(target: &Target, to: &Secret) -> ExitCode {
    ended(run(async {
        let to = DatabaseChoice::Postgres(to.clone());
        ensure!(to != target.choice, "it would be copied into itself");
        let source = Opened::write(target).await?;
        let keyring = keys::load_in(&source.file.keys(&source.catalog)?, Some(&target.data))?;
        let clock = Clock::system();
        let there = Database::open_beside(&to, &target.data, &keyring, &clock).await?;
        there.store.check_empty().await?;
        // What was used first: until the rest is there, all of it can be done again.
        let used = source.database.usage.copy_whole(&there.usage).await.context("what was used")?;
        let entry = by_system("copy_database", "database", "");
        let rows = source.database.store.copy_whole(&there.store, entry).await?;
        there.close().await;
        source.close().await;
        for (table, count) in rows {
            eprintln!("{table}: {count}");
        }
        if let Some(used) = used.filter(|used| *used > 0) {
            eprintln!("what was used: {used}");
        }
        eprintln!(
            "all of it is copied; start gateways with --database and the data folder {}, where the \
             root key is and what consumers have spent",
            target.data.display()
        );
        Ok(ExitCode::SUCCESS)
    }))
}
