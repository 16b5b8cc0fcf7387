//! Changes: whole, one at a time, each with its row of the audit log.

use super::{each_store, entry};
use crate::{AuditFilter, NewUser, Page, StoreError};

fn ada() -> NewUser {
    NewUser {
        email: "Ada@Example.com".to_owned(),
        display_name: "Ada".to_owned(),
        password_hash: None,
        role: Some("admin".to_owned()),
        state: "active".to_owned(),
        subject: None,
    }
}

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
