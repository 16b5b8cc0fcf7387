//! What is read again of a database, and what is not.

use architrave_core::Clock;
use architrave_store::Change;
use tempfile::TempDir;

use super::*;
use crate::database::DatabaseChoice;

async fn database(folder: &TempDir) -> Database {
    let keyring = architrave_proxy::Keyring::new(vec![[7; 32]]);
    let choice = DatabaseChoice::Embedded;
    let opened = Database::open(&choice, folder.path(), &keyring, &Clock::system()).await;
    opened.expect("there is room for a database")
}

async fn insert(change: &mut Change, kind: &str, name: &str, weight: u32) {
    let endpoints = json!([{ "address": "127.0.0.1:1", "weight": weight }]);
    let body = json!({ "name": name, "endpoints": endpoints });
    let write = ObjectWrite { kind, name, team: None, body: &body, secrets: &[] };
    change.insert_object("ups", write).await.expect("it is not there yet");
}

async fn commit(change: Change) {
    change.commit(by_system("test", "test", "")).await.expect("the database is there");
}

fn names(rows: &Rows) -> Vec<&str> {
    rows.objects.iter().map(|held| held.object.name.as_str()).collect()
}

#[tokio::test]
async fn only_what_has_changed_is_another_object() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder).await;
    let mut change = database.store.change().await.unwrap();
    for name in ["a", "b", "c"] {
        insert(&mut change, "upstream", name, 1).await;
    }
    // Of a newer version, perhaps.
    insert(&mut change, "gizmo", "d", 1).await;
    commit(change).await;
    let first = Rows::read(&database).await.unwrap();
    assert_eq!(names(&first), ["a", "b", "c"]);
    let same = first.caught_up(&database).await.unwrap();
    assert!(Arc::ptr_eq(&first.objects, &same.objects));

    let mut change = database.store.change().await.unwrap();
    let a = change.object("upstream", "a").await.unwrap().unwrap();
    change.remove_object(&a).await.unwrap();
    let b = change.object("upstream", "b").await.unwrap().unwrap();
    let body = json!({ "name": "b", "endpoints": [{ "address": "127.0.0.1:2" }] });
    let write = ObjectWrite { kind: "upstream", name: "b", team: None, body: &body, secrets: &[] };
    change.update_object(&b, write).await.unwrap();
    insert(&mut change, "upstream", "e", 1).await;
    commit(change).await;
    let second = same.caught_up(&database).await.unwrap();
    assert_eq!(names(&second), ["b", "c", "e"]);
    let get = |rows: &Rows, name| Arc::clone(rows.objects.get(ObjectKind::Upstream, name).unwrap());
    assert!(Arc::ptr_eq(&get(&first, "c"), &get(&second, "c")), "it was not read again");
    assert_eq!(get(&second, "b").object.body, body);
}

#[tokio::test]
async fn what_was_put_in_force_before_it_was_read_is_no_change() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder).await;
    let body = json!({ "name": "a", "endpoints": [{ "address": "127.0.0.1:1", "weight": 1 }] });
    let object = Object { kind: ObjectKind::Upstream, name: "a".to_owned(), body };
    let ours = Rows::read(&database).await.unwrap().with(vec![ObjectChange::Put(object)]);
    let mut change = database.store.change().await.unwrap();
    insert(&mut change, "upstream", "a", 1).await;
    commit(change).await;
    let read = ours.caught_up(&database).await.unwrap();
    assert!(Arc::ptr_eq(&ours.objects, &read.objects));
    let gone = ObjectChange::Remove { kind: ObjectKind::Upstream, name: "a".to_owned() };
    assert!(names(&read.with(vec![gone])).is_empty());
}

#[tokio::test]
async fn the_first_listener_is_made_once_and_not_where_there_is_a_file() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder).await;
    let with_file = Desired::open(database.clone(), true).await.unwrap();
    assert!(with_file.rows().objects.is_empty());
    let desired = Desired::open(database.clone(), false).await.unwrap();
    assert_eq!(names(&desired.rows()), [FIRST_LISTENER]);
    let is_there =
        async || database.store.object("listener", FIRST_LISTENER).await.unwrap().is_some();
    assert!(!is_there().await, "it is written when it could be served");
    desired.settle().await.unwrap();
    assert!(is_there().await);
    let mut change = database.store.change().await.unwrap();
    let row = change.object("listener", FIRST_LISTENER).await.unwrap().unwrap();
    change.remove_object(&row).await.unwrap();
    commit(change).await;
    let again = Desired::open(database.clone(), false).await.unwrap();
    assert!(again.rows().objects.is_empty());
    again.settle().await.unwrap();
    assert!(!is_there().await);
}

#[tokio::test]
async fn a_file_that_was_removed_or_replaced_is_gone() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder).await;
    database.check().await.expect("it is there");
    let file = folder.path().join("architrave.db");
    let moved = folder.path().join("moved");
    std::fs::rename(&file, &moved).unwrap();
    assert!(database.check().await.unwrap_err().ends_with("architrave.db is gone"));
    std::fs::write(&file, "").unwrap();
    assert!(database.check().await.unwrap_err().contains("was replaced"));
    std::fs::rename(&moved, &file).unwrap();
    database.check().await.expect("it is back");
}
