//! Where the databases of tests are.

use std::time::Duration;

use architrave_core::Clock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{AuditEntry, KEY_BYTES, Place, Store, StoreError};

/// The key that tests seal with.
pub(crate) const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

/// A place for one database, empty at first.
pub(crate) struct Home {
    pub(crate) place: Place,
    /// The folder of a SQLite file.
    pub(crate) folder: Option<TempDir>,
}

impl Home {
    fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self { place: Place::Folder(folder.path().to_owned()), folder: Some(folder) }
    }

    /// Opens the database.
    pub(crate) async fn open(&self) -> Store {
        self.try_open(&[KEY]).await.unwrap()
    }

    /// Opens the database with some keys.
    pub(crate) async fn try_open(&self, keys: &[[u8; KEY_BYTES]]) -> Result<Store, StoreError> {
        let every = Duration::from_millis(50);
        Store::open_looking(&self.place, keys, Clock::system(), every).await
    }
}

/// Runs a test on an empty database of each sort.
pub(crate) fn each_store(test: impl AsyncFn(&Home)) {
    let home = Home::sqlite();
    Runtime::new().unwrap().block_on(test(&home));
}

/// A row of the audit log.
pub(crate) fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        actor: "usr_1".to_owned(),
        actor_name: "Ada".to_owned(),
        via: "api".to_owned(),
        action: action.to_owned(),
        kind: "upstream".to_owned(),
        name: "orders".to_owned(),
        request_id: "req-1".to_owned(),
        ..AuditEntry::default()
    }
}
