//! What the commands are told: which database or gateway, which file, and how.

use std::path::PathBuf;

use architrave_core::Secret;

use crate::catalog::CatalogPlace;
use crate::database::DatabaseChoice;

/// The database that a command works on.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Which one.
    pub choice: DatabaseChoice,
    /// The data folder: of the embedded database, and of the root key.
    pub data: PathBuf,
    /// The gateway file that lies over it, with which the whole must be valid; it may name the root
    /// key.
    pub config: Option<PathBuf>,
    /// The catalogue that providers are of.
    pub catalog: CatalogPlace,
}

/// A running gateway that a command asks.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Its admin listener, such as `http://127.0.0.1:9080`.
    pub url: String,
    /// A file with the token that is presented there.
    pub token_file: Option<PathBuf>,
    /// The token itself, from the environment; it goes before the file.
    pub token: Option<Secret>,
    /// Whose word is taken for the gateway's certificate, in place of the system's authorities.
    pub ca_file: Option<PathBuf>,
}

/// How to export.
#[derive(Debug)]
pub(crate) struct ExportOptions {
    pub target: Target,
    /// The gateway that is asked in place of the database.
    pub server: Option<Server>,
    /// Where to; standard output where nothing is named.
    pub output: Option<PathBuf>,
    /// Whether secrets are written out.
    pub with_secrets: bool,
}

/// How to apply.
#[derive(Clone, Debug)]
pub(crate) struct ApplyOptions {
    pub target: Target,
    /// The gateway that is asked in place of the database.
    pub server: Option<Server>,
    /// The gateway file whose objects are wanted.
    pub file: PathBuf,
    /// Whether nothing is written.
    pub is_dry_run: bool,
    /// Whether objects that the file does not have are removed.
    pub is_pruning: bool,
    /// Whether what breaks callers is published all the same.
    pub is_override: bool,
    /// Whether subscriptions to plans that are removed are cancelled.
    pub ends_subscriptions: bool,
    /// Why, for the audit log.
    pub reason: Option<String>,
    /// What `diff` has said of how things were; when they are otherwise by now, nothing is written.
    pub base: Option<String>,
}

/// How to compare.
#[derive(Debug)]
pub(crate) struct DiffOptions {
    pub target: Target,
    /// The gateway that is asked in place of the database.
    pub server: Option<Server>,
    /// The gateway file.
    pub file: PathBuf,
}

impl ApplyOptions {
    /// What would be applied to make a difference none.
    pub(super) fn of(options: &DiffOptions) -> Self {
        Self {
            target: options.target.clone(),
            server: None,
            file: options.file.clone(),
            is_dry_run: true,
            is_pruning: true,
            is_override: false,
            ends_subscriptions: false,
            reason: None,
            base: None,
        }
    }
}
