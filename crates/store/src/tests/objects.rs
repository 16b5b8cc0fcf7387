//! Objects: documents with sealed secrets.

use serde_json::{Value, json};

use super::{Home, each_store, entry};
use crate::{ObjectRow, ObjectWrite, Page, Store, StoreError};

fn provider<'a>(name: &'a str, body: &'a Value, secrets: &'a [String]) -> ObjectWrite<'a> {
    ObjectWrite { kind: "provider", name, team: None, body, secrets }
}

async fn write(store: &Store, name: &str, body: &Value, secrets: &[String]) -> ObjectRow {
    let mut change = store.change().await.unwrap();
    let row = change.insert_object("prv", provider(name, body, secrets)).await.unwrap();
    change.commit(entry("create_provider")).await.unwrap();
    row
}

/// Every byte of the files that a SQLite database is in.
fn bytes_of(home: &Home) -> Option<Vec<u8>> {
    let folder = home.folder.as_ref()?;
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    Some(bytes)
}

#[test]
fn an_object_comes_back_as_it_was_written_and_its_secrets_lie_sealed() {
    each_store(async |home| {
        let store = home.open().await;
        let body = json!({
            "kind": "openai",
            "credentials": [{ "name": "main", "value": "sk-very-secret" }, { "name": "b", "value": "sk-too" }],
        });
        let secrets = ["/credentials/0/value", "/credentials/1/value"].map(str::to_owned);
        let row = write(&store, "openai", &body, &secrets).await;
        assert_eq!(row.body, body);
        assert!(row.id.starts_with("prv_"));
        assert_eq!((row.revision, row.created_at), (1, row.updated_at));
        assert_eq!(store.object("provider", "openai").await.unwrap(), Some(row.clone()));
        assert_eq!(store.object("model", "openai").await.unwrap(), None);
        assert!(!format!("{row:?}").contains("sk-"));
        if let Some(bytes) = bytes_of(home) {
            let holds = |text: &str| bytes.windows(text.len()).any(|at| at == text.as_bytes());
            assert!(holds("credentials") && !holds("sk-very-secret") && !holds("sk-too"));
        }
    });
}

#[test]
fn an_object_is_written_anew_only_as_whoever_writes_it_knows_it() {
    each_store(async |home| {
        let store = home.open().await;
        let first = write(&store, "openai", &json!({ "a": 1 }), &[]).await;
        let body = json!({ "a": 2 });
        let mut change = store.change().await.unwrap();
        let second = change.update_object(&first, provider("openai", &body, &[])).await.unwrap();
        assert_eq!((second.revision, &second.id, &second.body), (2, &first.id, &body));
        let error = change.update_object(&first, provider("openai", &body, &[])).await.unwrap_err();
        assert_eq!(error.to_string(), r#"provider "openai" has changed in the meantime"#);
        change.commit(entry("update_provider")).await.unwrap();
        assert_eq!(store.object("provider", "openai").await.unwrap(), Some(second.clone()));

        let mut change = store.change().await.unwrap();
        let error = change.remove_object(&first).await.unwrap_err();
        assert!(matches!(error, StoreError::Stale(_)), "{error}");
        change.remove_object(&second).await.unwrap();
        change.commit(entry("delete_provider")).await.unwrap();
        assert_eq!(store.object("provider", "openai").await.unwrap(), None);
    });
}

#[test]
fn objects_are_listed_by_name_page_by_page_in_the_order_of_bytes() {
    each_store(async |home| {
        let store = home.open().await;
        // Where a database sorts as people do, `B` comes behind `a`.
        for name in ["b", "B", "a", "a-b", "ab"] {
            write(&store, name, &json!({}), &[]).await;
        }
        let mut names = Vec::new();
        let mut page = Page::first(2);
        loop {
            let (rows, next) = store.objects("provider", &page).await.unwrap();
            assert!((1..=2).contains(&rows.len()));
            names.extend(rows.into_iter().map(|row| row.name));
            let Some(next) = next else { break };
            page.after = Some(next);
        }
        assert_eq!(names, ["B", "a", "a-b", "ab", "b"]);
        let all = store.all_objects().await.unwrap();
        assert_eq!(all.into_iter().map(|row| row.name).collect::<Vec<_>>(), names);
    });
}

#[test]
fn a_name_is_taken_once_and_a_team_must_be_there() {
    each_store(async |home| {
        let store = home.open().await;
        let body = json!({});
        write(&store, "openai", &body, &[]).await;
        let mut change = store.change().await.unwrap();
        let error = change.insert_object("prv", provider("openai", &body, &[])).await.unwrap_err();
        assert!(matches!(&error, StoreError::Taken(what) if what == r#"provider "openai""#));
        let mut change = {
            drop(change);
            store.change().await.unwrap()
        };
        let mut other = provider("lab", &body, &[]);
        other.team = Some("nobody");
        let error = change.insert_object("prv", other).await.unwrap_err();
        assert_eq!(error.to_string(), r#"there is no team "nobody""#);
    });
}

#[test]
fn a_secret_that_is_nowhere_is_refused_rather_than_left_plain() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let secrets = ["/nowhere".to_owned()];
        let body = json!({ "a": "secret" });
        let object = provider("openai", &body, &secrets);
        let error = change.insert_object("prv", object).await.unwrap_err();
        assert!(matches!(error, StoreError::NoSuchPointer(_)), "{error}");
    });
}

#[test]
fn every_change_of_an_object_leaves_another_mark() {
    each_store(async |home| {
        let store = home.open().await;
        let mut seen = vec![store.objects_mark().await.unwrap()];
        let mut differs = async |what: &str| {
            let mark = store.objects_mark().await.unwrap();
            assert!(!seen.contains(&mark), "{what}: {mark:?}");
            seen.push(mark);
        };
        let row = write(&store, "a", &json!({ "a": 1 }), &[]).await;
        differs("made").await;
        let marks = store.object_marks().await.unwrap();
        assert_eq!(marks.len(), 1);
        assert_eq!((&*marks[0].kind, &*marks[0].name), ("provider", "a"));
        assert_eq!((&marks[0].id, marks[0].revision), (&row.id, 1));
        let mut change = store.change().await.unwrap();
        let body = json!({ "a": 2 });
        let row = change.update_object(&row, provider("a", &body, &[])).await.unwrap();
        change.commit(entry("update_provider")).await.unwrap();
        differs("updated").await;
        assert_eq!(store.object_marks().await.unwrap()[0].revision, 2);
        let mut change = store.change().await.unwrap();
        change.remove_object(&row).await.unwrap();
        change.commit(entry("delete_provider")).await.unwrap();
        let mut change = store.change().await.unwrap();
        change.set_setting("other", "thing").await.unwrap();
        change.commit(entry("other")).await.unwrap();
        assert_eq!(store.object_marks().await.unwrap(), []);
        assert_eq!(store.objects_mark().await.unwrap(), seen[0], "as if nothing had been");
    });
}
