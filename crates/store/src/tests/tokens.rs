//! Tokens: found by a digest, listed by owner, revoked once.

use super::{each_store, entry};
use crate::{NewToken, Page, StoreError};

fn new(owner: &str, byte: u8) -> NewToken {
    NewToken {
        owner: owner.to_owned(),
        name: format!("token {byte}"),
        secret_hash: [byte; 32],
        prefix: "arc_pat_".to_owned(),
        last4: "wxyz".to_owned(),
        scopes: vec!["read".to_owned(), "write \"all\"".to_owned()],
        expires_at: Some(99),
    }
}

#[test]
fn a_token_is_found_by_id_and_digest_and_listed_with_its_owners() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let token = change.insert_token(new("usr_1", 1)).await.unwrap();
        change.insert_token(new("usr_1", 2)).await.unwrap();
        change.insert_token(new("usr_2", 3)).await.unwrap();
        change.commit(entry("create_token")).await.unwrap();
        assert!(token.id.starts_with("tok_"));
        assert_eq!(store.token(&token.id).await.unwrap().as_ref(), Some(&token));
        assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap().as_ref(), Some(&token));
        assert_eq!(store.token_by_hash(&[8; 32]).await.unwrap(), None);
        let (first, next) = store.tokens_of("usr_1", &Page::first(1)).await.unwrap();
        let page = Page { after: next, size: 1 };
        let (rest, next) = store.tokens_of("usr_1", &page).await.unwrap();
        assert_eq!((first.len(), rest.len(), next), (1, 1, None));
        assert_ne!(first[0].id, rest[0].id);
    });
}

#[test]
fn a_token_is_revoked_once_and_stays_in_the_list() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let token = change.insert_token(new("usr_1", 1)).await.unwrap();
        assert!(change.revoke_token(&token.id).await.unwrap());
        assert!(!change.revoke_token(&token.id).await.unwrap());
        assert!(!change.revoke_token("tok_nothing").await.unwrap());
        let at = change.at();
        change.commit(entry("revoke_token")).await.unwrap();
        let found = store.token(&token.id).await.unwrap().unwrap();
        assert_eq!(found.revoked_at, Some(at));
    });
}

#[test]
fn the_same_token_is_not_given_twice() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_token(new("usr_1", 1)).await.unwrap();
        let error = change.insert_token(new("usr_2", 1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Taken(_)), "{error}");
    });
}

#[test]
fn the_use_of_a_token_is_noted_once_a_minute() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let token = change.insert_token(new("usr_1", 1)).await.unwrap();
        change.commit(entry("create_token")).await.unwrap();
        let generation = *store.generation().borrow();
        store.touch_token(&token).await.unwrap();
        let first = store.token(&token.id).await.unwrap().unwrap();
        assert!(first.last_used_at.is_some_and(|at| at >= token.created_at));
        store.touch_token(&first).await.unwrap();
        assert_eq!(store.token(&token.id).await.unwrap(), Some(first.clone()));
        assert_eq!(*store.generation().borrow(), generation, "that is no change");
    });
}
