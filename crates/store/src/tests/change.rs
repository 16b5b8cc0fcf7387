//! Changes: whole, one at a time, each with its row of the audit log.

use std::time::Duration;

use architrave_core::{Clock, task};

use super::{KEY, ada, each_store, entry};
use crate::place::Waits;
use crate::{AuditFilter, Page, Store, StoreError};

#[test]
fn a_committed_change_outlives_the_process_with_its_row_of_the_audit_log() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let user = change.insert_user(ada()).await.unwrap();
        assert_eq!(change.commit(entry("create_user")).await.unwrap(), 1);
        assert_eq!(*store.generation().borrow(), 1);
        store.close().await;

        let store = home.open().await;
        assert_eq!(*store.generation().borrow(), 1);
        assert_eq!(store.user_by_email("ADA@example.com").await.unwrap(), Some(user));
        let (rows, next) = store.audit(&AuditFilter::default(), &Page::first(10)).await.unwrap();
        assert_eq!((rows.len(), next), (1, None));
        assert_eq!(rows[0].entry.action, "create_user");
    });
}

#[test]
fn a_dropped_change_never_was_and_lets_the_next_one_begin() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_user(ada()).await.unwrap();
        assert_eq!(change.count_users().await.unwrap(), 1, "a change sees what it wrote");
        drop(change);
        let mut change = store.change().await.unwrap();
        assert_eq!(change.count_users().await.unwrap(), 0);
        change.insert_user(ada()).await.unwrap();
        assert_eq!(change.commit(entry("create_user")).await.unwrap(), 1);
    });
}

#[test]
fn readers_see_nothing_of_a_change_before_its_commit_and_do_not_wait_for_it() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_user(ada()).await.unwrap();
        assert_eq!(store.count_users().await.unwrap(), 0);
        change.commit(entry("create_user")).await.unwrap();
        assert_eq!(store.count_users().await.unwrap(), 1);
    });
}

#[test]
fn a_change_of_which_a_part_failed_cannot_be_committed() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_user(ada()).await.unwrap();
        let error = change.insert_user(ada()).await.unwrap_err();
        assert_eq!(error.to_string(), "user ada@example.com exists already");
        let error = change.commit(entry("create_user")).await.unwrap_err();
        assert!(matches!(error, StoreError::Broken), "{error}");
        assert_eq!(store.count_users().await.unwrap(), 0);
        assert_eq!(*store.generation().borrow(), 0);
    });
}

#[test]
fn changes_are_made_one_at_a_time_and_none_is_lost() {
    each_store(async |home| {
        let store = home.open().await;
        // A second store is what another process has.
        let other = home.open().await;
        let writing = (0..20).map(|number| {
            let store = if number % 2 == 0 { store.clone() } else { other.clone() };
            task::spawn(async move {
                let mut change = store.change().await.unwrap();
                let count: i64 =
                    change.setting("count").await.unwrap().map_or(0, |text| text.parse().unwrap());
                change.set_setting("count", &(count + 1).to_string()).await.unwrap();
                change.commit(entry("count")).await.unwrap()
            })
        });
        let mut generations = Vec::new();
        for writing in writing.collect::<Vec<_>>() {
            generations.push(writing.await.unwrap());
        }
        generations.sort_unstable();
        assert_eq!(generations, (1..=20).collect::<Vec<_>>());
        assert_eq!(store.setting("count").await.unwrap().as_deref(), Some("20"));
    });
}

#[test]
fn whoever_waits_for_another_write_for_too_long_is_told_that_the_database_is_busy() {
    each_store(async |home| {
        let waits = Waits { patience: Duration::from_millis(300), ..Waits::default() };
        let open = Store::open_waiting(&home.place, &[KEY], Clock::system(), waits);
        let (store, other) = (open.await.unwrap(), home.open().await);
        let held = other.change().await.unwrap();
        let error = store.change().await.unwrap_err();
        assert!(matches!(error, StoreError::Busy), "another process writes: {error}");
        store.ping().await.unwrap();
        drop(held);
        let held = store.change().await.unwrap();
        let error = store.change().await.unwrap_err();
        assert!(matches!(error, StoreError::Busy), "somebody here writes: {error}");
        held.commit(entry("nothing")).await.unwrap();
        store.change().await.unwrap().commit(entry("nothing")).await.unwrap();
    });
}

#[test]
fn a_full_disk_fails_the_change_and_loses_nothing() {
    each_store(async |home| {
        if home.folder.is_none() {
            return;
        }
        let store = home.open().await;
        let full = "PRAGMA max_page_count = 1";
        sqlx::query(full).fetch_all(store.writer()).await.unwrap();
        let mut change = store.change().await.unwrap();
        let error = change.set_setting("key", &"x".repeat(1_000_000)).await.unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
        change.commit(entry("setup")).await.unwrap_err();
        assert_eq!(store.setting("key").await.unwrap(), None);
        // The room is there again; what is bounded is the connection, which is another one now.
        let mut change = store.change().await.unwrap();
        change.set_setting("key", &"x".repeat(1_000_000)).await.unwrap();
        assert_eq!(change.commit(entry("setup")).await.unwrap(), 1);
    });
}

#[test]
fn what_is_asked_of_a_store_that_is_closed_fails_and_says_so() {
    each_store(async |home| {
        let store = home.open().await;
        store.ping().await.unwrap();
        store.close().await;
        let error = store.ping().await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
        let error = store.change().await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
    });
}

#[test]
fn a_text_that_one_of_both_cannot_keep_is_refused_by_its_name_or_kept() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        match change.set_setting("key", "a\0b").await {
            Ok(()) => assert_eq!(change.setting("key").await.unwrap().as_deref(), Some("a\0b")),
            Err(error) => assert!(matches!(error, StoreError::NotText), "{error}"),
        }
    });
}

#[test]
fn nothing_is_acknowledged_that_goes_with_a_file_which_is_gone() {
    each_store(async |home| {
        let Some(folder) = &home.folder else { return };
        let store = home.open().await;
        let file = folder.path().join("architrave.db");
        let aside = folder.path().join("aside.db");
        let mut change = store.change().await.unwrap();
        change.insert_user(ada()).await.unwrap();
        // Taken away within a change, and before one.
        std::fs::rename(&file, &aside).unwrap();
        let refused = change.commit(entry("create_user")).await;
        assert!(matches!(refused, Err(StoreError::Gone(_))), "{refused:?}");
        assert!(matches!(store.change().await, Err(StoreError::Gone(_))));
        // Another file of its name is not it.
        std::fs::write(&file, "").unwrap();
        assert!(matches!(store.change().await, Err(StoreError::Gone(_))));
        std::fs::rename(&aside, &file).unwrap();
        let mut change = store.change().await.unwrap();
        assert_eq!(change.count_users().await.unwrap(), 0);
        change.insert_user(ada()).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();
    });
}
