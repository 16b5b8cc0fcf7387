//! Backups: whole, taken while others write.

use std::os::unix::fs::PermissionsExt as _;

use super::{KEY, ada, each_store, entry};
use crate::{NewUser, Place, Store, StoreError};
use architrave_core::Clock;
use tempfile::TempDir;

#[test]
fn a_backup_is_the_database_of_that_moment_or_is_refused_by_name() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_user(ada()).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();
        let elsewhere = TempDir::new().unwrap();
        let file = elsewhere.path().join("architrave.db");
        if home.folder.is_none() {
            let error = store.backup(&file).await.unwrap_err();
            assert_eq!(error.to_string(), "make backups of PostgreSQL with pg_dump");
            assert!(!file.exists());
            return;
        }
        // Whoever writes meanwhile is not waited for and not in it.
        let mut change = store.change().await.unwrap();
        let other = NewUser { email: "b@example.com".to_owned(), ..ada() };
        change.insert_user(other).await.unwrap();
        store.backup(&file).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let error = store.backup(&file).await.unwrap_err();
        assert!(matches!(error, StoreError::File { .. }), "{error}");

        let place = Place::Folder(elsewhere.path().to_owned());
        let copy = Store::open(&place, vec![KEY], Clock::system()).await.unwrap();
        assert_eq!(copy.count_users().await.unwrap(), 1);
        assert_eq!(store.count_users().await.unwrap(), 2);
    });
}
