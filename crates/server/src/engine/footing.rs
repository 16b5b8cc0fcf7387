//! What a process stands on: all that is read before anything is made.

use std::sync::Arc;

use anyhow::Context;
use architrave_config::Snapshot;
use architrave_config::ports::ReloadError;
use architrave_core::Clock;
use architrave_proxy::Keyring;

use super::desired::Desired;
use super::warnings::{warn_of, warn_of_short_lives};
use crate::catalog::CatalogFile;
use crate::cli::RunOptions;
use crate::data::DataFolder;
use crate::database::Database;
use crate::exposed::Exposed;
use crate::keys::{self, RootKey};
use crate::sockets::Inherited;
use crate::sources::{self, GatewayText, Loaded};
use crate::{advice, unguarded};

/// What a process stands on: all that is read before anything is made.
pub(super) struct Footing {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) exposed: Vec<Exposed>,
    pub(super) catalog: CatalogFile,
    pub(super) data: Option<DataFolder>,
    pub(super) keyring: Keyring,
    pub(super) desired: Option<Desired>,
    pub(super) file: GatewayText,
}

impl Footing {
    /// Reads the file, the keys and the database.
    ///
    /// # Errors
    /// Whatever is wrong with one of them.
    pub(super) async fn lay(
        options: &RunOptions,
        clock: &Clock,
        root_by_chance: RootKey,
        inherited: &mut Inherited,
    ) -> anyhow::Result<Self> {
        let catalog = CatalogFile::open(options.catalog.clone())?;
        let file = GatewayText::read(options.config.as_deref())?;
        let data = options.data.as_ref().map(|path| DataFolder::open(path, inherited));
        let data = data.transpose()?;
        // Without its keys nobody can read what is in the database, and so not the whole.
        let (desired, keyring) = match (&options.database, &data) {
            (Some(choice), Some(data)) => {
                let keyring = keys::load(&file.keys(&catalog.held())?, Some(data), root_by_chance)?;
                let database = Database::open(choice, data.path(), &keyring, clock).await?;
                let opened = Desired::open(database, file.path.is_some()).await;
                (Some(opened.context("the database")?), Some(keyring))
            }
            _ => (None, None),
        };
        let rows = desired.as_ref().map(|desired| desired.rows().objects);
        let loaded = sources::load(&file, rows.as_deref(), &catalog.held());
        let Loaded { snapshot, exposed } = loaded.map_err(ReloadError::from)?;
        let keyring = match keyring {
            Some(keyring) => keyring,
            None => keys::load(&snapshot.keys, data.as_ref(), root_by_chance)?,
        };
        warn_of(&[], &exposed);
        warn_of(&[], &unguarded::find(&snapshot));
        warn_of(&[], &advice::find(&snapshot, &catalog.held()));
        warn_of_short_lives(None, &snapshot, data.as_ref());
        let snapshot = Arc::new(snapshot);
        Ok(Self { snapshot, exposed, catalog, data, keyring, desired, file })
    }
}
