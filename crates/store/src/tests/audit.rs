//! The audit log: found by what matters, never rewritten, thrown away by retention alone.

use serde_json::json;
use sqlx::Executor as _;

use super::{each_store, entry};
use crate::{AuditEntry, AuditFilter, Page, Store};

async fn write(store: &Store, entry: AuditEntry) {
    store.change().await.unwrap().commit(entry).await.unwrap();
}

async fn found(store: &Store, filter: AuditFilter) -> Vec<String> {
    let (rows, _) = store.audit(&filter, &Page::first(100)).await.unwrap();
    rows.into_iter().map(|row| row.entry.action).collect()
}

#[test]
fn a_row_comes_back_as_it_was_written_with_the_time_of_its_change() {
    each_store(async |home| {
        let store = home.open().await;
        let mut entry = AuditEntry {
            team: Some("orders".to_owned()),
            before: Some(json!({ "a": [1, null] })),
            after: Some(json!(null)),
            address: Some("192.0.2.1".to_owned()),
            ..entry("update_upstream")
        };
        let change = store.change().await.unwrap();
        let at = change.at();
        change.commit(entry.clone()).await.unwrap();
        let (rows, next) = store.audit(&AuditFilter::default(), &Page::first(1)).await.unwrap();
        entry.at = at;
        assert_eq!((rows.len(), &rows[0].entry, next), (1, &entry, None));
    });
}

#[test]
fn several_rows_can_tell_of_one_change() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.record(&entry("one")).await.unwrap();
        change.record(&entry("two")).await.unwrap();
        assert_eq!(change.commit(entry("three")).await.unwrap(), 1);
        assert_eq!(found(&store, AuditFilter::default()).await, ["three", "two", "one"]);
    });
}

#[test]
fn rows_are_found_by_each_thing_that_matters_and_by_all_together() {
    each_store(async |home| {
        let store = home.open().await;
        let text = |text: &str| Some(text.to_owned());
        write(&store, AuditEntry { at: 10, ..entry("a") }).await;
        write(&store, AuditEntry { at: 20, actor: "usr_2".to_owned(), ..entry("b") }).await;
        write(&store, AuditEntry { at: 30, kind: "route".to_owned(), ..entry("c") }).await;
        write(&store, AuditEntry { at: 40, name: "other".to_owned(), ..entry("d") }).await;
        write(&store, AuditEntry { at: 50, team: text("t"), via: "cli".to_owned(), ..entry("e") })
            .await;
        let all = AuditFilter::default;
        assert_eq!(found(&store, all()).await, ["e", "d", "c", "b", "a"]);
        assert_eq!(found(&store, AuditFilter { actor: text("usr_2"), ..all() }).await, ["b"]);
        assert_eq!(found(&store, AuditFilter { kind: text("route"), ..all() }).await, ["c"]);
        assert_eq!(found(&store, AuditFilter { name: text("other"), ..all() }).await, ["d"]);
        assert_eq!(found(&store, AuditFilter { team: text("t"), ..all() }).await, ["e"]);
        assert_eq!(found(&store, AuditFilter { via: text("cli"), ..all() }).await, ["e"]);
        assert_eq!(found(&store, AuditFilter { action: text("a"), ..all() }).await, ["a"]);
        let between = AuditFilter { since: Some(20), until: Some(40), ..all() };
        assert_eq!(found(&store, between.clone()).await, ["c", "b"]);
        assert_eq!(found(&store, AuditFilter { kind: text("route"), ..between }).await, ["c"]);
        let quoted = AuditFilter { actor: text("' OR '1' = '1"), ..all() };
        assert!(found(&store, quoted).await.is_empty());
    });
}

#[test]
fn pages_go_back_in_time_and_a_page_that_is_none_is_refused() {
    each_store(async |home| {
        let store = home.open().await;
        for action in ["a", "b", "c"] {
            write(&store, entry(action)).await;
        }
        let filter = AuditFilter::default();
        let (rows, next) = store.audit(&filter, &Page::first(2)).await.unwrap();
        assert_eq!(rows.iter().map(|row| &*row.entry.action).collect::<Vec<_>>(), ["c", "b"]);
        let (rows, next) = store.audit(&filter, &Page { after: next, size: 2 }).await.unwrap();
        assert_eq!((&*rows[0].entry.action, rows.len(), next), ("a", 1, None));
        let page = Page { after: Some("x".to_owned()), size: 2 };
        assert!(store.audit(&filter, &page).await.is_err());
    });
}

#[test]
fn the_audit_log_is_not_rewritten_also_by_who_goes_past_the_store() {
    each_store(async |home| {
        let store = home.open().await;
        write(&store, entry("a")).await;
        let mut raw = home.raw().await;
        let mut tries = vec![
            "UPDATE audit SET actor = 'nobody'",
            "DELETE FROM audit",
            "DELETE FROM audit WHERE action = 'a'",
        ];
        if home.folder.is_none() {
            tries.push("TRUNCATE audit");
        }
        for sql in tries {
            let error = raw.execute(sql).await.unwrap_err();
            assert!(error.to_string().contains("the audit log is append-only"), "{sql}: {error}");
        }
        assert_eq!(found(&store, AuditFilter::default()).await, ["a"]);
    });
}

#[test]
fn retention_throws_old_rows_away_and_leaves_a_row_that_says_so() {
    each_store(async |home| {
        let store = home.open().await;
        for (action, at) in [("a", 10), ("b", 20), ("c", 30)] {
            write(&store, AuditEntry { at, ..entry(action) }).await;
        }
        let mut change = store.change().await.unwrap();
        assert_eq!(change.expire_audit(25).await.unwrap(), 2);
        change.commit(entry("expire_audit")).await.unwrap();
        assert_eq!(found(&store, AuditFilter::default()).await, ["expire_audit", "c"]);
        write(&store, AuditEntry { at: 5, ..entry("d") }).await;
        let error = home.raw().await.execute("DELETE FROM audit WHERE at = 5").await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "what is old is not open for long");
    });
}
