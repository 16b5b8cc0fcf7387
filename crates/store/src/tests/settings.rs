//! Settings: one of each, secret ones sealed.

use architrave_core::Secret;

use super::{each_store, entry};

#[test]
fn a_setting_is_written_written_anew_and_removed() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.set_setting("setup_code", "one").await.unwrap();
        change.set_setting("setup_code", "two").await.unwrap();
        change.commit(entry("setup")).await.unwrap();
        assert_eq!(store.setting("setup_code").await.unwrap().as_deref(), Some("two"));
        assert_eq!(store.setting("other").await.unwrap(), None);
        let mut change = store.change().await.unwrap();
        assert!(change.remove_setting("setup_code").await.unwrap());
        assert!(!change.remove_setting("setup_code").await.unwrap());
        change.commit(entry("setup")).await.unwrap();
        assert_eq!(store.setting("setup_code").await.unwrap(), None);
    });
}

#[test]
fn a_secret_setting_is_no_plain_one() {
    each_store(async |home| {
        let store = home.open().await;
        let secret = Secret::new("hush");
        let mut change = store.change().await.unwrap();
        change.set_secret_setting("oidc", &secret).await.unwrap();
        change.commit(entry("setup")).await.unwrap();
        assert_eq!(store.secret_setting("oidc").await.unwrap(), Some(secret));
        assert_eq!(store.setting("oidc").await.unwrap(), None);
        let mut raw = home.raw().await;
        let kept: String = sqlx::query_scalar("SELECT value FROM settings WHERE key = 'oidc'")
            .fetch_one(&mut raw)
            .await
            .unwrap();
        assert!(!kept.contains("hush"));
    });
}
