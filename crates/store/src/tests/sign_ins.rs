//! Sign-ins under way: each is taken once, and not when it is over.

use super::each_store;
use crate::{SignIn, Store};

const MINUTE: i64 = 60_000_000;

fn sign_in(store: &Store, byte: u8, lives_for: i64) -> SignIn {
    SignIn {
        id_hash: [byte; 32],
        provider: "corp".to_owned(),
        redirect_uri: "http://localhost:9080/api/v1/session/callback".to_owned(),
        return_to: "/".to_owned(),
        expires_at: store.now() + lives_for,
    }
}

#[test]
fn a_sign_in_is_taken_once() {
    each_store(async |home| {
        let store = home.open().await;
        let begun = sign_in(&store, 1, MINUTE);
        assert!(store.begin_sign_in(&begun).await.unwrap());
        assert_eq!(store.take_sign_in(&[2; 32]).await.unwrap(), None);
        let (one, other) =
            tokio::join!(store.take_sign_in(&begun.id_hash), store.take_sign_in(&begun.id_hash));
        let taken: Vec<SignIn> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
        assert_eq!(taken, [begun]);
    });
}

#[test]
fn a_sign_in_that_is_over_is_not_taken_and_thrown_away_with_the_next() {
    each_store(async |home| {
        let store = home.open().await;
        for byte in [1, 2] {
            assert!(store.begin_sign_in(&sign_in(&store, byte, -1)).await.unwrap());
        }
        assert_eq!(store.take_sign_in(&[1; 32]).await.unwrap(), None);
        assert_eq!(store.take_sign_in(&[2; 32]).await.unwrap(), None);
        assert!(store.begin_sign_in(&sign_in(&store, 3, -1)).await.unwrap());
        assert_eq!(store.sweep_sign_ins().await.unwrap(), 1);
    });
}
