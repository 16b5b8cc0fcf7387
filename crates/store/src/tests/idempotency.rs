//! Idempotency keys: done once, answered as often as asked.

use super::{each_store, entry};
use crate::{Answered, IdempotencyClaim, StoreError};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
const THIS: [u8; 32] = [1; 32];
const THAT: [u8; 32] = [2; 32];

fn answer() -> Answered {
    Answered {
        status: 201,
        headers: vec![("etag".to_owned(), "\"tok_1.1\"".to_owned())],
        body: r#"{"secret":"shown once"}"#.to_owned(),
    }
}

#[test]
fn a_request_is_done_once_and_answered_the_same_again() {
    each_store(async |home| {
        let store = home.open().await;
        let claim = async |digest| store.claim_idempotency("usr_1", "k", &digest).await.unwrap();
        assert_eq!(claim(THIS).await, IdempotencyClaim::First);
        assert_eq!(claim(THIS).await, IdempotencyClaim::InFlight);
        assert_eq!(claim(THAT).await, IdempotencyClaim::OtherPayload);
        let mut change = store.change().await.unwrap();
        change.answer_idempotency("usr_1", "k", &THIS, &answer()).await.unwrap();
        change.commit(entry("create_token")).await.unwrap();
        assert_eq!(claim(THIS).await, IdempotencyClaim::Answered(answer()));
        assert_eq!(claim(THAT).await, IdempotencyClaim::OtherPayload);
        let others = store.claim_idempotency("usr_2", "k", &THIS).await.unwrap();
        assert_eq!(others, IdempotencyClaim::First, "a key is its user's alone");
        let mut raw = home.raw().await;
        let query = "SELECT answer FROM idempotency WHERE actor = 'usr_1'";
        let kept: String = sqlx::query_scalar(query).fetch_one(&mut raw).await.unwrap();
        assert!(!kept.contains("once"), "what is shown once lies sealed");
        assert!(!format!("{:?}", answer()).contains("once"));
    });
}

#[test]
fn an_answer_is_kept_only_with_the_change_that_it_tells_of() {
    each_store(async |home| {
        let store = home.open().await;
        store.claim_idempotency("usr_1", "k", &THIS).await.unwrap();
        let mut change = store.change().await.unwrap();
        change.answer_idempotency("usr_1", "k", &THIS, &answer()).await.unwrap();
        drop(change);
        let claim = store.claim_idempotency("usr_1", "k", &THIS).await.unwrap();
        assert_eq!(claim, IdempotencyClaim::InFlight);
        store.release_idempotency("usr_1", "k", &THIS).await.unwrap();
        let claim = store.claim_idempotency("usr_1", "k", &THIS).await.unwrap();
        assert_eq!(claim, IdempotencyClaim::First);
    });
}

#[test]
fn a_key_whose_process_was_lost_can_be_used_again_and_the_lost_one_does_nothing_more() {
    each_store(async |home| {
        let store = home.open().await;
        store.claim_idempotency("usr_1", "k", &THIS).await.unwrap();
        age(home, store.now() - 2 * MINUTE).await;
        let claim = store.claim_idempotency("usr_1", "k", &THAT).await.unwrap();
        assert_eq!(claim, IdempotencyClaim::First);
        let mut change = store.change().await.unwrap();
        let late = change.answer_idempotency("usr_1", "k", &THIS, &answer()).await.unwrap_err();
        assert!(matches!(late, StoreError::Stale(_)), "{late}");
        change.commit(entry("create_token")).await.unwrap_err();
        store.release_idempotency("usr_1", "k", &THIS).await.unwrap();
        let claim = store.claim_idempotency("usr_1", "k", &THAT).await.unwrap();
        assert_eq!(claim, IdempotencyClaim::InFlight, "what another has is not given up");
    });
}

#[test]
fn an_answer_is_kept_for_a_day_and_then_swept() {
    each_store(async |home| {
        let store = home.open().await;
        store.claim_idempotency("usr_1", "k", &THIS).await.unwrap();
        let mut change = store.change().await.unwrap();
        change.answer_idempotency("usr_1", "k", &THIS, &answer()).await.unwrap();
        change.commit(entry("create_token")).await.unwrap();
        age(home, store.now() - DAY + MINUTE).await;
        assert_eq!(store.sweep_idempotency().await.unwrap(), 0);
        let claim = store.claim_idempotency("usr_1", "k", &THIS).await.unwrap();
        assert_eq!(claim, IdempotencyClaim::Answered(answer()));
        age(home, store.now() - DAY).await;
        let claim = store.claim_idempotency("usr_1", "k", &THAT).await.unwrap();
        assert_eq!(claim, IdempotencyClaim::First, "also when nobody has swept");
        age(home, store.now() - DAY).await;
        assert_eq!(store.sweep_idempotency().await.unwrap(), 1);
        assert_eq!(store.idempotency("usr_1", "k").await.unwrap(), None);
    });
}

#[test]
fn of_many_at_the_same_time_one_is_the_first() {
    each_store(async |home| {
        let store = home.open().await;
        let claims = (0..16).map(|_| {
            let store = store.clone();
            architrave_core::task::spawn(async move {
                store.claim_idempotency("usr_1", "k", &THIS).await.unwrap()
            })
        });
        let mut first = 0;
        for claim in claims.collect::<Vec<_>>() {
            first += usize::from(claim.await.unwrap() == IdempotencyClaim::First);
        }
        assert_eq!(first, 1);
    });
}

/// Lets every key have been used at that time.
async fn age(home: &super::Home, at: i64) {
    let mut raw = home.raw().await;
    let statement = sqlx::query("UPDATE idempotency SET created_at = $1").bind(at);
    statement.execute(&mut raw).await.unwrap();
}
