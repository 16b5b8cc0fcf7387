//! Revisions of services: numbered, never rewritten, forgotten when there are many.

use serde_json::{Value, json};

use super::{each_store, entry};
use crate::{NewRevision, Page, Revision, Store};

async fn add(store: &Store, content: &Value, description: Option<&str>) -> Revision {
    let mut change = store.change().await.unwrap();
    let new = NewRevision {
        service_id: "svc_1",
        content,
        description,
        actor: "ada@example.com",
        note: "why",
        kept_max: 3,
    };
    let revision = change.add_revision(new).await.unwrap();
    change.commit(entry("update_service")).await.unwrap();
    revision
}

async fn numbers(store: &Store) -> Vec<i64> {
    let (rows, _) = store.revisions("svc_1", &Page::first(50)).await.unwrap();
    rows.iter().map(|row| row.number).collect()
}

#[test]
fn a_revision_is_added_when_something_is_unlike_the_latest() {
    each_store(async |home| {
        let store = home.open().await;
        let first = add(&store, &json!({ "a": 1 }), Some("openapi: 3.1.0")).await;
        assert_eq!((first.number, first.note.as_str()), (1, "why"));
        assert_eq!(add(&store, &json!({ "a": 1 }), Some("openapi: 3.1.0")).await, first);
        assert_eq!(add(&store, &json!({ "a": 1 }), None).await.number, 2);
        assert_eq!(add(&store, &json!({ "a": 2 }), None).await.number, 3);
        let read = store.revision("svc_1", 1).await.unwrap().unwrap();
        assert_eq!(read, first);
        let digest = read.description.unwrap();
        assert_eq!(store.description(&digest).await.unwrap().as_deref(), Some("openapi: 3.1.0"));
        assert_eq!(store.latest_revision("svc_1").await.unwrap().unwrap().number, 3);
        assert_eq!(store.revision("svc_2", 1).await.unwrap(), None);
        let (page, next) = store.revisions("svc_1", &Page::first(2)).await.unwrap();
        assert_eq!((page.len(), next.as_deref()), (2, Some("2")));
        let rest = Page { after: next, size: 2 };
        assert_eq!(store.revisions("svc_1", &rest).await.unwrap().0.len(), 1);
    });
}

#[test]
fn old_ones_are_forgotten_but_for_the_one_last_published() {
    each_store(async |home| {
        let store = home.open().await;
        let published = add(&store, &json!(1), Some("one")).await;
        let mut change = store.change().await.unwrap();
        change.publish_revision("svc_1", published.number).await.unwrap();
        change.commit(entry("publish_service")).await.unwrap();
        for content in 2..7 {
            add(&store, &json!(content), Some(&content.to_string())).await;
        }
        assert_eq!(numbers(&store).await, [6, 5, 4, 1]);
        let kept = store.published_revision("svc_1").await.unwrap().unwrap();
        assert_eq!(kept.number, 1);
        assert!(store.description(&crate::digest_of("one")).await.unwrap().is_some());
        assert!(store.description(&crate::digest_of("2")).await.unwrap().is_none());
        let mut change = store.change().await.unwrap();
        change.forget_revisions("svc_1").await.unwrap();
        change.commit(entry("delete_service")).await.unwrap();
        assert!(numbers(&store).await.is_empty());
        assert!(store.description(&crate::digest_of("one")).await.unwrap().is_none());
    });
}
