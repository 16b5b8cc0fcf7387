//! A database that a command has open by itself, beside a gateway or in place of one.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use architrave_config::object::{Held, Object, ObjectKind, Objects, Origin};
use architrave_config::ports::ReloadError;
use architrave_core::Clock;
use architrave_llm::catalog::Catalog;
use architrave_proxy::Keyring;

use super::difference::{Difference, Fate};
use super::options::Target;
use super::remote::Seen;
use super::tag;
use crate::catalog::CatalogFile;
use crate::data::DataFolder;
use crate::database::{Database, DatabaseChoice};
use crate::keys;
use crate::sockets::Inherited;
use crate::sources::{self, GatewayText};

/// A database that is open, for a command.
pub(super) struct Opened {
    pub(super) database: Database,
    /// What lies over it.
    pub(super) file: GatewayText,
    pub(super) catalog: Arc<Catalog>,
    /// Held while objects are written to the embedded database: by no gateway then.
    _folder: Option<DataFolder>,
}

impl Opened {
    /// Beside a gateway that may run.
    pub(super) async fn read(target: &Target) -> anyhow::Result<Self> {
        if target.choice == DatabaseChoice::Embedded {
            let file = target.data.join("architrave.db");
            ensure!(file.exists(), "there is no database {}", file.display());
        }
        // Asking makes nothing: a root key that is not there cannot be the right one.
        let key = target.data.join(keys::ROOT_KEY);
        ensure!(target.config.is_some() || key.exists(), "there is no root key {}", key.display());
        Self::open(target, None).await
    }

    /// In place of a gateway, which would not know of what is written to its file.
    pub(super) async fn write(target: &Target) -> anyhow::Result<Self> {
        let folder = match target.choice {
            DatabaseChoice::Embedded => {
                Some(DataFolder::open(&target.data, &mut Inherited::default())?)
            }
            DatabaseChoice::Postgres(_) => {
                DataFolder::make(&target.data)?;
                None
            }
        };
        Self::open(target, folder).await
    }

    async fn open(target: &Target, folder: Option<DataFolder>) -> anyhow::Result<Self> {
        let catalog = CatalogFile::open(target.catalog.clone())?.held();
        let file = GatewayText::read(target.config.as_deref())?;
        let keyring: Keyring = keys::load_in(&file.keys(&catalog)?, Some(&target.data))?;
        let clock = Clock::system();
        let database =
            Database::open_beside(&target.choice, &target.data, &keyring, &clock).await?;
        Ok(Self { database, file, catalog, _folder: folder })
    }

    pub(super) async fn close(self) {
        self.database.close().await;
    }

    /// The objects of the database.
    pub(super) async fn seen(&self) -> anyhow::Result<Seen> {
        let store = &self.database.store;
        // Before they are read: what is written meanwhile is then told, and not missed.
        let mark = store.objects_mark().await.context("the database")?;
        let rows = store.all_objects().await.context("the database")?;
        let mut tags = HashMap::new();
        let held = rows.into_iter().filter_map(|row| {
            let kind = ObjectKind::from_singular(&row.kind)?;
            tags.insert((kind, row.name.clone()), tag(&row.id, row.revision));
            let object = Object { kind, name: row.name, body: row.body };
            let object = object.of_team(row.team.as_deref());
            Some(Held { object, origin: Origin::Database })
        });
        let objects = Objects::new(held);
        Ok(Seen { objects, tags, mark: Some(mark) })
    }

    /// Whether the whole would be valid with these differences.
    pub(super) fn judge(
        &self,
        held: &Objects,
        differences: &[Difference],
    ) -> Result<(), ReloadError> {
        let mut whole = held.clone();
        for Difference { object, fate, .. } in differences {
            match fate {
                Fate::Remove => drop(whole.remove(object.kind, &object.name)),
                Fate::Create | Fate::Update => {
                    let object = object.clone();
                    whole.put(Arc::new(Held { object, origin: Origin::Database }));
                }
            }
        }
        let judged = sources::load(&self.file, Some(&whole), &self.catalog);
        judged.map(drop).map_err(ReloadError::from)
    }
}
