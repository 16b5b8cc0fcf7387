//! Where the databases of tests are.

use std::time::Duration;

use architrave_core::{Clock, Secret};
use architrave_testkit::Postgres;
use sqlx::AnyConnection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::place::Waits;
use crate::{AuditEntry, KEY_BYTES, NewUser, Place, Store, StoreError};

/// The key that tests seal with.
pub(crate) const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

/// A place for one database, empty at first.
pub(crate) struct Home {
    pub(crate) place: Place,
    /// The folder of a SQLite file.
    pub(crate) folder: Option<TempDir>,
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self { place: Place::Folder(folder.path().to_owned()), folder: Some(folder) }
    }

    pub(crate) fn postgres() -> Self {
        let place = Place::Postgres(Secret::new(Postgres::shared().database()));
        Self { place, folder: None }
    }

    /// Opens the database.
    pub(crate) async fn open(&self) -> Store {
        self.try_open(&[KEY]).await.unwrap()
    }

    /// Opens the database with some keys.
    pub(crate) async fn try_open(&self, keys: &[[u8; KEY_BYTES]]) -> Result<Store, StoreError> {
        let waits = Waits { look: Duration::from_millis(50), ..Waits::default() };
        Store::open_waiting(&self.place, keys, Clock::system(), waits).await
    }

    /// A connection past the store of what was used.
    pub(crate) async fn raw_usage(&self) -> AnyConnection {
        let door = self.place.door_to("usage.db", Waits::default(), false).unwrap();
        door.connect().await.unwrap()
    }

    /// A connection past the store.
    pub(crate) async fn raw(&self) -> AnyConnection {
        self.place.door(Waits::default()).unwrap().connect().await.unwrap()
    }
}

/// Runs a test on an empty database of each sort, in a thread that is called after it.
#[track_caller]
pub(crate) fn each_store(test: impl AsyncFn(&Home) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        let start = |name: &str, home: fn() -> Home| {
            let run = move || Runtime::new().unwrap().block_on(test(&home()));
            std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run).unwrap()
        };
        for thread in [start("SQLite", Home::sqlite), start("PostgreSQL", Home::postgres)] {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
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

/// The first user of a platform.
pub(crate) fn ada() -> NewUser {
    NewUser {
        email: "Ada@Example.com".to_owned(),
        display_name: "Ada".to_owned(),
        password_hash: None,
        role: Some("admin".to_owned()),
        state: "active".to_owned(),
        subject: None,
    }
}
