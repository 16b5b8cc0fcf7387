//! Sessions: found by a digest, ended one by one or all at once.

use super::{ada, each_store, entry};
use crate::{Session, Store, User};

const MINUTE: i64 = 60_000_000;

async fn user(store: &Store) -> User {
    let mut change = store.change().await.unwrap();
    let user = change.insert_user(ada()).await.unwrap();
    change.commit(entry("create_user")).await.unwrap();
    user
}

fn session(user: &User, byte: u8, now: i64) -> Session {
    Session {
        id_hash: [byte; 32],
        user: user.id.clone(),
        csrf_hash: [byte + 100; 32],
        address: Some("192.0.2.7".to_owned()),
        agent: Some("a browser".to_owned()),
        created_at: now + i64::from(byte),
        expires_at: now + 60 * MINUTE,
        seen_at: now,
    }
}

#[test]
fn a_session_is_found_by_its_digest_and_its_users_latest_first() {
    each_store(async |home| {
        let store = home.open().await;
        let user = user(&store).await;
        let sessions = [1, 2, 3].map(|byte| session(&user, byte, store.now()));
        let mut change = store.change().await.unwrap();
        for session in &sessions {
            change.insert_session(session).await.unwrap();
        }
        change.commit(entry("sign_in")).await.unwrap();
        assert_eq!(store.session(&[2; 32]).await.unwrap().as_ref(), Some(&sessions[1]));
        assert_eq!(store.session(&[9; 32]).await.unwrap(), None);
        let found = store.sessions_of(&user.id).await.unwrap();
        let digests: Vec<_> = found.iter().map(|session| session.id_hash[0]).collect();
        assert_eq!(digests, [3, 2, 1]);

        let mut change = store.change().await.unwrap();
        assert!(change.remove_session(&[2; 32]).await.unwrap());
        assert!(!change.remove_session(&[2; 32]).await.unwrap());
        assert_eq!(change.remove_sessions_of(&user.id, Some(&[3; 32])).await.unwrap(), 1);
        assert_eq!(change.sessions_of(&user.id).await.unwrap(), [sessions[2].clone()]);
        assert_eq!(change.remove_sessions_of(&user.id, None).await.unwrap(), 1);
        change.commit(entry("sign_out")).await.unwrap();
        assert!(store.sessions_of(&user.id).await.unwrap().is_empty());
    });
}

#[test]
fn a_session_of_nobody_cannot_begin() {
    each_store(async |home| {
        let store = home.open().await;
        let mut nobody = user(&store).await;
        nobody.id = "usr_nobody".to_owned();
        let mut change = store.change().await.unwrap();
        let error = change.insert_session(&session(&nobody, 1, 1)).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no user usr_nobody");
    });
}

#[test]
fn a_session_is_noted_as_seen_once_a_minute_and_swept_when_it_has_expired() {
    each_store(async |home| {
        let store = home.open().await;
        let user = user(&store).await;
        let now = store.now();
        let fresh = session(&user, 1, now);
        let old = Session { seen_at: now - 2 * MINUTE, ..session(&user, 2, now) };
        let ended = Session { expires_at: now - 1, ..session(&user, 3, now) };
        let mut change = store.change().await.unwrap();
        for session in [&fresh, &old, &ended] {
            change.insert_session(session).await.unwrap();
        }
        change.commit(entry("sign_in")).await.unwrap();
        store.touch_session(&fresh).await.unwrap();
        store.touch_session(&old).await.unwrap();
        let seen = async |byte| store.session(&[byte; 32]).await.unwrap().unwrap().seen_at;
        assert_eq!(seen(1).await, fresh.seen_at);
        assert!(seen(2).await >= now);
        assert_eq!(store.sweep_sessions().await.unwrap(), 1);
        assert_eq!(store.session(&[3; 32]).await.unwrap(), None);
        assert_eq!(store.sessions_of(&user.id).await.unwrap().len(), 2);
    });
}

#[test]
fn noting_that_a_session_was_seen_does_not_wait_for_a_change() {
    each_store(async |home| {
        let store = home.open().await;
        let user = user(&store).await;
        let old = Session { seen_at: 0, ..session(&user, 1, store.now()) };
        let mut change = store.change().await.unwrap();
        change.insert_session(&old).await.unwrap();
        change.commit(entry("sign_in")).await.unwrap();
        let change = store.change().await.unwrap();
        store.touch_session(&old).await.unwrap();
        assert_eq!(store.session(&old.id_hash).await.unwrap().unwrap().seen_at, 0);
        drop(change);
    });
}
