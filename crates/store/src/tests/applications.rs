//! Applications with their credentials and subscriptions: what is there, and what is other since a
//! generation.

use serde_json::json;

use super::{ada, each_store, entry};
use crate::{
    Application, Change, NewApplication, NewCredential, NewNotification, NewSubscription, NewTeam,
    Page, StoreError, SubscriptionFilter,
};

async fn team(change: &mut Change, name: &str) {
    let (name, display_name, description) = (name.to_owned(), name.to_owned(), String::new());
    change.insert_team(NewTeam { name, display_name, description }).await.unwrap();
}

fn new(name: &str, team: Option<&str>) -> NewApplication {
    let (name, description) = (name.to_owned(), String::from("for tests"));
    NewApplication { name, description, team: team.map(str::to_owned), owner: None }
}

fn key(application: &Application, byte: u8) -> NewCredential {
    NewCredential {
        application: application.id.clone(),
        name: format!("key {byte}"),
        secret_hash: [byte; 32],
        prefix: "arc_key_".to_owned(),
        last4: "wxyz".to_owned(),
        expires_at: None,
    }
}

fn subscription(application: &Application, plan: &str, state: &str) -> NewSubscription {
    NewSubscription {
        application: application.id.clone(),
        plan: plan.to_owned(),
        product: "shop".to_owned(),
        state: state.to_owned(),
        answers: json!({ "why": "tests" }),
        reason: String::new(),
        requested_by: "usr_1".to_owned(),
        since: None,
    }
}

#[test]
fn applications_are_found_by_name_team_and_user() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        team(&mut change, "blue").await;
        let user = change.insert_user(ada()).await.unwrap();
        let one = change.insert_application(new("one", Some("blue"))).await.unwrap();
        let mut own = new("own", None);
        own.owner = Some(user.id.clone());
        change.insert_application(own).await.unwrap();
        change.commit(entry("make")).await.unwrap();
        assert!(one.id.starts_with("app_"));
        assert_eq!(store.application("one").await.unwrap().as_ref(), Some(&one));
        assert_eq!(store.application_by_id(&one.id).await.unwrap().as_ref(), Some(&one));
        let names = |(found, next): (Vec<Application>, Option<String>)| {
            (found.into_iter().map(|it| it.name).collect::<Vec<_>>(), next)
        };
        let first = store.applications(&Page::first(1)).await.unwrap();
        assert_eq!(names(first), (vec!["one".to_owned()], Some("one".to_owned())));
        let of_team = store.applications_of_team("blue", &Page::first(9)).await.unwrap();
        assert_eq!(names(of_team), (vec!["one".to_owned()], None));
        let of_user = store.applications_of_user(&user.id, &Page::first(9)).await.unwrap();
        assert_eq!(names(of_user), (vec!["own".to_owned()], None));
    });
}

#[test]
fn names_are_taken_once_and_teams_must_be_there() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        change.insert_application(new("one", None)).await.unwrap();
        let error = change.insert_application(new("one", None)).await.unwrap_err();
        assert!(matches!(error, StoreError::Taken(_)), "{error}");
        drop(change);
        let mut change = store.change().await.unwrap();
        let error = change.insert_application(new("one", Some("nobody"))).await.unwrap_err();
        assert!(matches!(error, StoreError::Missing(_)), "{error}");
    });
}

#[test]
fn a_team_with_applications_does_not_go() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        team(&mut change, "blue").await;
        change.insert_application(new("one", Some("blue"))).await.unwrap();
        let blue = change.team("blue").await.unwrap().unwrap();
        let error = change.remove_team(&blue).await.unwrap_err();
        assert!(matches!(error, StoreError::InUse(_)), "{error}");
    });
}

#[test]
fn what_is_other_since_a_generation_is_told_and_the_rest_is_not() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        team(&mut change, "blue").await;
        let one = change.insert_application(new("one", Some("blue"))).await.unwrap();
        let two = change.insert_application(new("two", None)).await.unwrap();
        let mut old = change.insert_credential(key(&one, 1)).await.unwrap();
        change.insert_credential(key(&one, 2)).await.unwrap();
        let made = subscription(&one, "gold", "active");
        let made = change.insert_subscription(made).await.unwrap();
        change.commit(entry("make")).await.unwrap();

        let mut all = store.application_news(0).await.unwrap();
        all.there.sort_by(|one, other| one.name.cmp(&other.name));
        let names: Vec<_> = all.there.iter().map(|it| it.name.as_str()).collect();
        assert_eq!((names, all.gone.len()), (vec!["one", "two"], 0));
        assert_eq!(all.there[0].team.as_deref(), Some("blue"));
        all.there[0].keys.sort_unstable();
        assert_eq!(all.there[0].keys, [([1; 32], None), ([2; 32], None)]);
        let gold = ("gold".to_owned(), "active".to_owned(), made.created_at);
        assert_eq!(all.there[0].subscriptions, std::slice::from_ref(&gold));
        assert_eq!(all.there[1].keys, []);
        let nothing = store.application_news(all.changed).await.unwrap();
        assert_eq!((nothing.changed, nothing.there.len()), (all.changed, 0));

        // Another write of something else is no news.
        let change = store.change().await.unwrap();
        change.commit(entry("something_else")).await.unwrap();
        assert_eq!(store.application_news(all.changed).await.unwrap().there, []);

        let mut change = store.change().await.unwrap();
        assert!(change.revoke_credential(&mut old).await.unwrap());
        assert!(!change.revoke_credential(&mut old).await.unwrap());
        change.remove_application(&two).await.unwrap();
        change.commit(entry("revoke")).await.unwrap();
        let news = store.application_news(all.changed).await.unwrap();
        assert_eq!(news.gone, ["two"]);
        assert_eq!(news.there.len(), 1);
        assert_eq!(news.there[0].keys, [([2; 32], None)]);
        assert_eq!(news.there[0].subscriptions, [gold]);

        // One of the same name is there again, and is no longer gone.
        let mut change = store.change().await.unwrap();
        change.insert_application(new("two", None)).await.unwrap();
        change.commit(entry("again")).await.unwrap();
        let news = store.application_news(all.changed).await.unwrap();
        assert_eq!((news.gone.len(), news.there.len()), (0, 2));
    });
}

#[test]
fn an_application_takes_its_keys_and_subscriptions_along() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let one = change.insert_application(new("one", None)).await.unwrap();
        let credential = change.insert_credential(key(&one, 1)).await.unwrap();
        let asked = change.insert_subscription(subscription(&one, "gold", "pending")).await;
        let asked = asked.unwrap();
        assert_eq!(change.living_credentials_of(&one.id, 0).await.unwrap(), 1);
        change.remove_application(&one).await.unwrap();
        change.commit(entry("remove")).await.unwrap();
        assert_eq!(store.credential(&credential.id).await.unwrap(), None);
        assert_eq!(store.subscription(&asked.id).await.unwrap(), None);
    });
}

#[test]
fn an_application_subscribes_to_a_plan_again_once_it_is_over() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let one = change.insert_application(new("one", None)).await.unwrap();
        let first = change.insert_subscription(subscription(&one, "gold", "pending")).await;
        let first = first.unwrap();
        change.commit(entry("ask")).await.unwrap();
        assert_eq!(
            (first.application_name.as_str(), &first.answers["why"]),
            ("one", &json!("tests"))
        );
        let mut change = store.change().await.unwrap();
        let error = change.insert_subscription(subscription(&one, "gold", "active")).await;
        assert!(matches!(error, Err(StoreError::Taken(_))), "{error:?}");
        drop(change);
        let mut change = store.change().await.unwrap();
        let moved = change.move_subscription(first.clone(), ("rejected", "no")).await.unwrap();
        assert_eq!((&*moved.state, &*moved.reason, moved.revision), ("rejected", "no", 2));
        let error = change.move_subscription(first, ("active", "")).await.unwrap_err();
        assert!(matches!(error, StoreError::Stale(_)), "{error}");
        change.insert_subscription(subscription(&one, "gold", "active")).await.unwrap();
        change.commit(entry("again")).await.unwrap();
        assert_eq!(store.living_subscriptions_to("gold").await.unwrap(), 1);
        let filter =
            |state: &str| SubscriptionFilter { state: Some(state.into()), ..Default::default() };
        for (state, count) in [("rejected", 1), ("active", 1), ("pending", 0)] {
            let (found, _) = store.subscriptions(&filter(state), &Page::first(9)).await.unwrap();
            assert_eq!(found.len(), count, "{state}");
        }
        let of_team = SubscriptionFilter {
            product_team: Some("blue".into()),
            ..SubscriptionFilter::default()
        };
        let (found, _) = store.subscriptions(&of_team, &Page::first(9)).await.unwrap();
        assert_eq!(found, []);
    });
}

#[test]
fn a_user_is_told_once_and_reads_once() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let user = change.insert_user(ada()).await.unwrap();
        let note = NewNotification {
            kind: "subscription_approved".to_owned(),
            subject: "sub_1".to_owned(),
            message: "it was approved".to_owned(),
            details: json!({ "plan": "gold" }),
        };
        change.notify(std::slice::from_ref(&user.id), &note).await.unwrap();
        change.commit(entry("tell")).await.unwrap();
        let told = async |unread| {
            store.notifications_of(&user.id, unread, &Page::first(9)).await.unwrap().0
        };
        let [first] = &told(true).await[..] else { panic!("one is told") };
        assert_eq!(
            (&*first.kind, &first.details["plan"]),
            ("subscription_approved", &json!("gold"))
        );
        assert_eq!(store.notification("usr_other", &first.id).await.unwrap(), None);
        let mut one = store.notification(&user.id, &first.id).await.unwrap().unwrap();
        let mut change = store.change().await.unwrap();
        change.read_notification(&mut one).await.unwrap();
        change.commit(entry("read")).await.unwrap();
        assert!(one.read_at.is_some());
        assert_eq!((told(true).await.len(), told(false).await.len()), (0, 1));
    });
}

#[test]
fn a_key_that_has_ended_is_never_let_in_again_however_it_went() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let one = change.insert_application(new("one", None)).await.unwrap();
        let mut revoked = change.insert_credential(key(&one, 1)).await.unwrap();
        change.revoke_credential(&mut revoked).await.unwrap();
        change.remove_credential(&revoked).await.unwrap();
        let expired = NewCredential { expires_at: Some(change.at() - 1), ..key(&one, 2) };
        change.insert_credential(expired).await.unwrap();
        let mut gone = change.insert_credential(key(&one, 3)).await.unwrap();
        change.revoke_credential(&mut gone).await.unwrap();
        change.insert_credential(key(&one, 4)).await.unwrap();
        let one = change.application("one").await.unwrap().unwrap();
        change.remove_application(&one).await.unwrap();
        change.commit(entry("delete_application")).await.unwrap();
        for (byte, has_ended) in [(1, true), (2, true), (3, true), (4, false), (5, false)] {
            assert_eq!(store.has_ended(&[byte; 32]).await.unwrap(), has_ended, "{byte}");
            let mut change = store.change().await.unwrap();
            let again = change.insert_application(new("one", None)).await.unwrap();
            let inserted = change.insert_credential(key(&again, byte)).await;
            assert_eq!(
                matches!(inserted, Err(StoreError::Taken(_))),
                has_ended,
                "{byte}: {inserted:?}"
            );
        }
    });
}

#[test]
fn the_oldest_digests_of_keys_that_have_ended_go_when_there_are_too_many() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let one = change.insert_application(new("one", None)).await.unwrap();
        for byte in 1..=5 {
            let ended = change.at() - 10 * i64::from(6 - byte);
            let key = NewCredential { expires_at: Some(ended), ..key(&one, byte) };
            let key = change.insert_credential(key).await.unwrap();
            change.remove_credential(&key).await.unwrap();
        }
        change.commit(entry("delete_credential")).await.unwrap();
        for (kept, gone, left) in [(5, 0, 5), (9, 0, 5), (3, 2, 3), (1, 2, 1)] {
            assert_eq!(store.sweep_ended_keys(kept).await.unwrap(), gone, "{kept}");
            let digests: Vec<[u8; 32]> = (1..=5).map(|byte| [byte; 32]).collect();
            let known = store.known_keys(&digests).await.unwrap();
            assert_eq!(known.len(), left, "{kept}");
            assert!(known.iter().any(|known| known.secret_hash == [5; 32]), "the newest stays");
            assert!(known.iter().all(|known| known.held.is_none()));
        }
    });
}
