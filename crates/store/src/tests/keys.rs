//! Keys: a wrong one is told at once, and one takes another's place without a secret lost.

use architrave_core::Secret;
use serde_json::json;

use super::{KEY, each_store, entry};
use crate::{Answered, IdempotencyClaim, KEY_BYTES, ObjectRow, ObjectWrite, Store, StoreError};

const NEW: [u8; KEY_BYTES] = [8; KEY_BYTES];
const DIGEST: [u8; 32] = [3; 32];

async fn write_secrets(store: &Store) -> ObjectRow {
    store.claim_idempotency("usr_1", "k", &DIGEST).await.unwrap();
    let answer = Answered { status: 201, headers: Vec::new(), body: "once".to_owned() };
    let (body, secrets) = (json!({ "a": "one", "b": ["two"] }), ["/a", "/b/0"].map(str::to_owned));
    let object =
        ObjectWrite { kind: "provider", name: "p", team: None, body: &body, secrets: &secrets };
    let mut change = store.change().await.unwrap();
    let row = change.insert_object("prv", object).await.unwrap();
    change.set_secret_setting("oidc", &Secret::new("three")).await.unwrap();
    change.answer_idempotency("usr_1", "k", &DIGEST, &answer).await.unwrap();
    change.commit(entry("create_provider")).await.unwrap();
    row
}

async fn assert_all_is_there(store: &Store, row: &ObjectRow) {
    assert_eq!(store.object("provider", "p").await.unwrap().as_ref(), Some(row));
    assert_eq!(store.secret_setting("oidc").await.unwrap(), Some(Secret::new("three")));
    let claim = store.claim_idempotency("usr_1", "k", &DIGEST).await.unwrap();
    assert!(matches!(claim, IdempotencyClaim::Answered(answer) if answer.body == "once"));
}

#[test]
fn a_wrong_key_is_told_when_the_database_is_opened_and_harms_nothing() {
    each_store(async |home| {
        let store = home.open().await;
        let row = write_secrets(&store).await;
        store.close().await;
        let error = home.try_open(&[NEW]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownKey { .. }), "{error}");
        assert!(error.to_string().contains("give the root key with which"), "{error}");
        assert_all_is_there(&home.open().await, &row).await;
    });
}

#[test]
fn also_an_empty_database_remembers_its_key() {
    each_store(async |home| {
        home.open().await.close().await;
        let error = home.try_open(&[NEW]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownKey { .. }), "{error}");
        assert!(matches!(home.try_open(&[]).await, Err(StoreError::NoKey)));
    });
}

#[test]
fn a_key_takes_the_place_of_another_step_by_step() {
    each_store(async |home| {
        let store = home.open().await;
        let row = write_secrets(&store).await;
        store.close().await;

        // Both, the new one first: what is there is read, what comes is sealed anew.
        let store = home.try_open(&[NEW, KEY]).await.unwrap();
        assert_all_is_there(&store, &row).await;
        store.close().await;
        let error = home.try_open(&[KEY]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownKey { .. }), "the new one is in use: {error}");
        let error = home.try_open(&[NEW]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownKey { .. }), "so is the old one: {error}");

        let store = home.try_open(&[NEW, KEY]).await.unwrap();
        let mut change = store.change().await.unwrap();
        assert_eq!(change.reseal_all().await.unwrap(), 4);
        change.commit(entry("reseal_all")).await.unwrap();
        assert_all_is_there(&store, &row).await;
        store.close().await;
        let store = home.try_open(&[NEW]).await.unwrap();
        assert_all_is_there(&store, &row).await;
    });
}

#[test]
fn a_secret_that_was_moved_or_damaged_is_told_instead_of_given() {
    each_store(async |home| {
        let store = home.open().await;
        write_secrets(&store).await;
        let mut raw = home.raw().await;
        for damage in [
            "UPDATE objects SET name = 'q'",
            "UPDATE objects SET name = 'p', body = '{\"a\":null}'",
            "UPDATE objects SET body = '{', secrets = '{}'",
            "UPDATE objects SET body = '{}', secrets = 'x'",
        ] {
            sqlx::query(damage).execute(&mut raw).await.unwrap();
            let error = store.all_objects().await.unwrap_err();
            assert!(matches!(error, StoreError::Damaged(_)), "{damage}: {error}");
        }
    });
}
