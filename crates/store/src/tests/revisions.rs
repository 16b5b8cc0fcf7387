//! Revisions of services: numbered, never rewritten, forgotten when there are many.

use serde_json::{Value, json};

use super::{each_store, entry};
use crate::{NewRevision, Page, Revision, Store};

fn new<'a>(content: &'a Value, description: Option<&'a str>) -> NewRevision<'a> {
    NewRevision {
        service_id: "svc_1",
        content,
        description,
        actor: "ada@example.com",
        note: "why",
        kept_max: 3,
        like: None,
    }
}

async fn add(store: &Store, content: &Value, description: Option<&str>) -> Revision {
    let mut change = store.change().await.unwrap();
    let revision = change.add_revision(new(content, description)).await.unwrap();
    change.commit(entry("update_service")).await.unwrap();
    revision
}

async fn prepare(store: &Store, content: &Value) -> (Revision, bool) {
    let mut change = store.change().await.unwrap();
    let prepared = change.prepare_revision(new(content, None)).await.unwrap();
    change.commit(entry("prepare_service")).await.unwrap();
    prepared
}

/// Points at a revision by writing what it says, or something else.
async fn point(store: &Store, number: i64, content: &Value) -> Revision {
    let mut change = store.change().await.unwrap();
    let like = NewRevision { like: Some(number), ..new(content, None) };
    let revision = change.add_revision(like).await.unwrap();
    change.commit(entry("point_service")).await.unwrap();
    revision
}

async fn current(store: &Store) -> i64 {
    store.current_revision("svc_1").await.unwrap().unwrap().number
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

#[test]
fn the_one_last_published_with_a_description_is_kept_however_many_had_none_since() {
    each_store(async |home| {
        let store = home.open().await;
        let publish = async |number: i64| {
            let mut change = store.change().await.unwrap();
            change.publish_revision("svc_1", number).await.unwrap();
            change.commit(entry("publish_service")).await.unwrap();
        };
        assert_eq!(store.described_revision("svc_1").await.unwrap(), None);
        let described = add(&store, &json!(1), Some("one")).await;
        publish(described.number).await;
        for content in 2..8 {
            let bare = add(&store, &json!(content), None).await;
            publish(bare.number).await;
        }
        let published = store.published_revision("svc_1").await.unwrap().unwrap();
        let described = store.described_revision("svc_1").await.unwrap().unwrap();
        assert_eq!((published.number, described.number), (7, 1));
        assert!(store.description(&crate::digest_of("one")).await.unwrap().is_some());
        assert_eq!(numbers(&store).await, [7, 6, 5, 1]);
    });
}

#[test]
fn a_service_points_at_one_of_them_forward_and_back() {
    each_store(async |home| {
        let store = home.open().await;
        add(&store, &json!(1), None).await;
        add(&store, &json!(2), None).await;
        let (prepared, is_new) = prepare(&store, &json!(3)).await;
        assert_eq!(
            (prepared.number, prepared.current_at, prepared.based_on, is_new),
            (3, None, Some(2), true)
        );
        assert_eq!(current(&store).await, 2);
        // What says the same is not made twice, nor what is in force.
        assert_eq!(prepare(&store, &json!(3)).await, (prepared, false));
        assert_eq!(prepare(&store, &json!(2)).await.0.number, 2);
        let pointed = point(&store, 3, &json!(3)).await;
        assert!(pointed.number == 3 && pointed.current_at.is_some(), "{pointed:?}");
        assert_eq!(current(&store).await, 3);
        for number in [1, 3, 1, 2, 3, 1] {
            point(&store, number, &json!(number)).await;
            assert_eq!((current(&store).await, numbers(&store).await), (number, vec![3, 2, 1]));
        }
        // Where something else came of it, that is a revision of its own.
        assert_eq!(point(&store, 2, &json!("other")).await.number, 4);
        assert_eq!(current(&store).await, 4);
    });
}

#[test]
fn what_is_prepared_pushes_out_nothing_that_was_in_force() {
    each_store(async |home| {
        let store = home.open().await;
        add(&store, &json!("first"), None).await;
        add(&store, &json!("second"), None).await;
        point(&store, 1, &json!("first")).await;
        for content in 0..5 {
            prepare(&store, &json!(content)).await;
        }
        assert_eq!(numbers(&store).await, [7, 6, 5, 2, 1]);
        for content in 10..13 {
            add(&store, &json!(content), None).await;
            point(&store, 1, &json!("first")).await;
        }
        assert_eq!(
            numbers(&store).await,
            [10, 9, 7, 6, 5, 1],
            "those go that were in force longest ago"
        );
    });
}

#[test]
fn what_an_older_program_has_written_is_in_force_since_it_was_made() {
    each_store(async |home| {
        let store = home.open().await;
        let first = add(&store, &json!(1), None).await;
        let mut raw = home.raw().await;
        let text = format!(
            "INSERT INTO service_revisions (service_id, number, digest, content, actor, note, \
             created_at) VALUES ('svc_1', 2, 'sha256:0', '2', 'ada', 'why', {})",
            first.created_at + 5
        );
        sqlx::Executor::execute(&mut raw, sqlx::AssertSqlSafe(text)).await.unwrap();
        assert_eq!(current(&store).await, 2);
        add(&store, &json!(3), None).await;
        assert_eq!(current(&store).await, 3);
    });
}
