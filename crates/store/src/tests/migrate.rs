//! Opening: from nothing, from half of something, from something newer.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use architrave_core::{Clock, Secret, task};
use architrave_testkit::Stopwatch;
use sqlx::Executor as _;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Home, KEY, ada, each_store, entry};
use crate::{Place, Store, StoreError};

#[test]
fn many_that_open_an_empty_database_at_once_find_it_whole() {
    each_store(async |home: &Home| {
        let opening = (0..6).map(|_| {
            let place = home.place.clone();
            task::spawn(async move { Store::open(&place, vec![KEY], Clock::system()).await })
        });
        for opening in opening.collect::<Vec<_>>() {
            assert_eq!(opening.await.unwrap().unwrap().count_users().await.unwrap(), 0);
        }
    });
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    each_store(async |home| {
        home.open().await.close().await;
        let mut raw = home.raw().await;
        let newer = "INSERT INTO migrations (version, name, at) VALUES (99, 'later', 0)";
        raw.execute(newer).await.unwrap();
        let error = home.try_open(&[KEY]).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("run the program that wrote it"), "{error}");
    });
}

#[test]
fn a_step_that_was_cut_short_is_taken_again() {
    each_store(async |home| {
        let mut raw = home.raw().await;
        for sql in
            ["BEGIN", "CREATE TABLE migrations (version BIGINT)", "CREATE TABLE users (a TEXT)"]
        {
            raw.execute(sql).await.unwrap();
        }
        // As when the process is killed: nobody says how it ends.
        drop(raw);
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_user(ada()).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();
    });
}

#[test]
fn files_are_their_owners_alone() {
    Runtime::new().unwrap().block_on(async {
        let folder = TempDir::with_prefix("a b%20?#ü").unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let store = Store::open(&place, vec![KEY], Clock::system()).await.unwrap();
        store.change().await.unwrap().commit(entry("nothing")).await.unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let files: Vec<_> = files.collect();
        assert!(files.contains(&folder.path().join("architrave.db")), "{files:?}");
        assert!(files.len() >= 2, "a log lies beside it: {files:?}");
        for file in files {
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        }
    });
}

#[test]
fn a_place_that_is_none_is_told_without_the_password_that_it_holds() {
    Runtime::new().unwrap().block_on(async {
        let open = async |place| Store::open(&place, vec![KEY], Clock::system()).await.unwrap_err();
        let error = open(Place::Folder("/nowhere/at/all".into())).await;
        assert!(error.to_string().contains("/nowhere/at/all/architrave.db"), "{error}");
        for url in ["mysql://me:hush@localhost/x", "hush", "postgres://me:hush@[/x"] {
            let error = open(Place::Postgres(Secret::new(url))).await;
            assert_eq!(error.to_string(), "no database can be at the URL of PostgreSQL");
        }
        let nobody = "postgres://me:hush@localhost/x?host=/nowhere/at/all";
        let watch = Stopwatch::start();
        let error = open(Place::Postgres(Secret::new(nobody))).await;
        assert!(watch.elapsed() < Duration::from_secs(10), "it is told at once");
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    Runtime::new().unwrap().block_on(async {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("architrave.db");
        let text = "this is no database, though it is long enough to be one\n".repeat(100);
        std::fs::write(&file, &text).unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let error = Store::open(&place, vec![KEY], Clock::system()).await.unwrap_err();
        assert!(error.to_string().contains("file is not a database"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    });
}
