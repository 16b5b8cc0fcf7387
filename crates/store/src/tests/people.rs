//! Users, teams, who is in them, and service accounts.

use architrave_core::Secret;

use super::{ada, each_store, entry};
use crate::{
    Change, NewServiceAccount, NewTeam, NewToken, NewUser, ObjectWrite, Page, Session, Subject,
    Team, User,
};

fn named(email: &str) -> NewUser {
    NewUser { email: email.to_owned(), role: None, ..ada() }
}

async fn team(change: &mut Change, name: &str) -> Team {
    let (name, display_name) = (name.to_owned(), name.to_uppercase());
    change.insert_team(NewTeam { name, display_name, description: String::new() }).await.unwrap()
}

fn session(user: &User, byte: u8) -> Session {
    Session {
        id_hash: [byte; 32],
        user: user.id.clone(),
        csrf_hash: [byte; 32],
        address: None,
        agent: None,
        created_at: 1,
        expires_at: i64::MAX,
        seen_at: 1,
    }
}

fn token(owner: &str) -> NewToken {
    NewToken {
        owner: owner.to_owned(),
        name: "ci".to_owned(),
        secret_hash: [9; 32],
        prefix: "arc_".to_owned(),
        last4: "wxyz".to_owned(),
        scopes: Vec::new(),
        expires_at: None,
    }
}

#[test]
fn a_user_is_found_by_id_by_email_in_any_case_and_by_subject() {
    each_store(async |home| {
        let store = home.open().await;
        let subject = Subject { issuer: "https://id.example".to_owned(), subject: "42".to_owned() };
        let new = NewUser {
            password_hash: Some(Secret::new("$argon2id$…")),
            subject: Some(subject.clone()),
            ..ada()
        };
        let mut change = store.change().await.unwrap();
        let user = change.insert_user(new).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();
        assert_eq!(user.email, "ada@example.com");
        assert!(user.id.starts_with("usr_") && user.created_at == user.updated_at);
        let found = Some(user.clone());
        assert_eq!(store.user(&user.id).await.unwrap(), found);
        assert_eq!(store.user_by_email("ADA@example.COM").await.unwrap(), found);
        assert_eq!(store.user_by_subject(&subject).await.unwrap(), found);
        let other = Subject { issuer: "https://other.example".to_owned(), ..subject };
        assert_eq!(store.user_by_subject(&other).await.unwrap(), None);
        assert!(!format!("{user:?}").contains("argon2id"));
    });
}

#[test]
fn an_email_and_a_subject_are_one_users_alone_and_many_users_have_no_subject() {
    each_store(async |home| {
        let store = home.open().await;
        let subject = Subject { issuer: "i".to_owned(), subject: "s".to_owned() };
        let mut change = store.change().await.unwrap();
        change.insert_user(named("a@example.com")).await.unwrap();
        change.insert_user(named("b@example.com")).await.unwrap();
        let mut c = change.insert_user(named("c@example.com")).await.unwrap();
        c.subject = Some(subject.clone());
        change.update_user(c).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();

        let mut change = store.change().await.unwrap();
        let error = change.insert_user(named("A@example.com")).await.unwrap_err();
        assert_eq!(error.to_string(), "user a@example.com exists already");
        drop(change);
        let mut change = store.change().await.unwrap();
        let mut b = change.user_by_email("b@example.com").await.unwrap().unwrap();
        b.subject = Some(subject);
        let error = change.update_user(b).await.unwrap_err();
        assert_eq!(error.to_string(), "user b@example.com exists already");
    });
}

#[test]
fn a_user_is_written_anew_only_as_whoever_writes_it_knows_it() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let first = change.insert_user(ada()).await.unwrap();
        change.set_sign_in_standing(&first.id, 3, Some(77)).await.unwrap();
        let mut second = first.clone();
        second.display_name = "Ada L.".to_owned();
        second.state = "disabled".to_owned();
        let second = change.update_user(second).await.unwrap();
        assert_eq!(second.revision, 2);
        let error = change.update_user(first).await.unwrap_err();
        assert_eq!(error.to_string(), "user ada@example.com has changed in the meantime");
        change.commit(entry("update_user")).await.unwrap();
        let found = store.user(&second.id).await.unwrap().unwrap();
        // How the sign-in stands is nothing that whoever changes a name should know.
        assert_eq!((found.failures, found.locked_until, found.revision), (3, Some(77), 2));
        assert_eq!((&*found.display_name, &*found.state), ("Ada L.", "disabled"));

        let mut change = store.change().await.unwrap();
        let error = change.set_sign_in_standing("usr_nobody", 1, None).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no user usr_nobody");
    });
}

#[test]
fn users_are_listed_by_email_page_by_page() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        for email in ["c@example.com", "a@example.com", "b@example.com"] {
            change.insert_user(named(email)).await.unwrap();
        }
        change.commit(entry("create_user")).await.unwrap();
        let emails = |users: Vec<User>| users.into_iter().map(|user| user.email);
        let (first, next) = store.users(&Page::first(2)).await.unwrap();
        assert_eq!(emails(first).collect::<Vec<_>>(), ["a@example.com", "b@example.com"]);
        assert_eq!(next.as_deref(), Some("b@example.com"));
        let (rest, next) = store.users(&Page { after: next, size: 2 }).await.unwrap();
        assert_eq!(emails(rest).collect::<Vec<_>>(), ["c@example.com"]);
        assert_eq!(next, None);
        assert_eq!(store.count_users().await.unwrap(), 3);
    });
}

#[test]
fn with_a_user_go_their_sessions_tokens_and_memberships_and_nobody_elses() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let gone = change.insert_user(ada()).await.unwrap();
        let stays = change.insert_user(named("b@example.com")).await.unwrap();
        team(&mut change, "orders").await;
        for (user, byte) in [(&gone, 1), (&stays, 2)] {
            change.insert_session(&session(user, byte)).await.unwrap();
            change.put_membership("orders", &user.id, "owner").await.unwrap();
            let secret_hash = [byte; 32];
            change.insert_token(NewToken { secret_hash, ..token(&user.id) }).await.unwrap();
        }
        change.remove_user(&gone).await.unwrap();
        change.commit(entry("delete_user")).await.unwrap();
        assert_eq!(store.user(&gone.id).await.unwrap(), None);
        assert_eq!(store.session(&[1; 32]).await.unwrap(), None);
        assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap(), None);
        assert!(store.session(&[2; 32]).await.unwrap().is_some());
        assert!(store.token_by_hash(&[2; 32]).await.unwrap().is_some());
        let (members, _) = store.members_of("orders", &Page::first(10)).await.unwrap();
        assert_eq!(members.len(), 1);
        assert_eq!(members[0].user, stays.id);
    });
}

#[test]
fn a_user_who_changed_in_the_meantime_keeps_tokens_and_all() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let user = change.insert_user(ada()).await.unwrap();
        change.insert_token(token(&user.id)).await.unwrap();
        change.commit(entry("create_user")).await.unwrap();
        let mut change = store.change().await.unwrap();
        let stale = User { revision: 9, ..user.clone() };
        change.remove_user(&stale).await.unwrap_err();
        change.commit(entry("delete_user")).await.unwrap_err();
        assert_eq!(store.user(&user.id).await.unwrap(), Some(user));
        assert!(store.token_by_hash(&[9; 32]).await.unwrap().is_some());
    });
}

#[test]
fn a_role_in_a_team_is_given_changed_and_taken() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let user = change.insert_user(ada()).await.unwrap();
        team(&mut change, "orders").await;
        team(&mut change, "billing").await;
        change.put_membership("orders", &user.id, "developer").await.unwrap();
        change.put_membership("billing", &user.id, "owner").await.unwrap();
        let changed = change.put_membership("orders", &user.id, "maintainer").await.unwrap();
        assert_eq!(changed.role, "maintainer");
        change.commit(entry("put_membership")).await.unwrap();
        let roles = store.memberships_of(&user.id).await.unwrap();
        let roles: Vec<_> = roles.iter().map(|one| (&*one.team, &*one.role)).collect();
        assert_eq!(roles, [("billing", "owner"), ("orders", "maintainer")]);
        let found = store.membership("orders", &user.id).await.unwrap();
        assert_eq!(found, Some(changed));

        let mut change = store.change().await.unwrap();
        assert!(change.remove_membership("orders", &user.id).await.unwrap());
        assert!(!change.remove_membership("orders", &user.id).await.unwrap());
        change.commit(entry("remove_membership")).await.unwrap();
        assert_eq!(store.membership("orders", &user.id).await.unwrap(), None);
        let mut change = store.change().await.unwrap();
        let error = change.put_membership("nobody", &user.id, "owner").await.unwrap_err();
        assert!(error.to_string().starts_with(r#"there is no team "nobody" or user usr_"#));
    });
}

#[test]
fn a_team_takes_what_belongs_to_it_along_when_its_name_changes() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let user = change.insert_user(ada()).await.unwrap();
        let mut before = team(&mut change, "orders").await;
        change.put_membership("orders", &user.id, "owner").await.unwrap();
        let body = serde_json::json!({});
        let (kind, name, team) = ("upstream", "a", Some("orders"));
        let object = ObjectWrite { kind, name, team, body: &body, secrets: &[] };
        change.insert_object("ups", object).await.unwrap();
        before.name = "sales".to_owned();
        let after = change.update_team(before.clone()).await.unwrap();
        assert_eq!(after.revision, 2);
        change.commit(entry("update_team")).await.unwrap();
        assert_eq!(store.team("orders").await.unwrap(), None);
        assert_eq!(store.team("sales").await.unwrap(), Some(after.clone()));
        let object = store.object("upstream", "a").await.unwrap().unwrap();
        assert_eq!(object.team.as_deref(), Some("sales"));
        assert!(store.membership("sales", &user.id).await.unwrap().is_some());

        let mut change = store.change().await.unwrap();
        let error = change.update_team(before).await.unwrap_err();
        assert_eq!(error.to_string(), r#"team "sales" has changed in the meantime"#);
        let error = change.remove_team(&after).await.unwrap_err();
        assert_eq!(error.to_string(), r#"team "sales" is still in use"#);
        drop(change);
        let mut change = store.change().await.unwrap();
        let object = change.object("upstream", "a").await.unwrap().unwrap();
        change.remove_object(&object).await.unwrap();
        change.remove_team(&after).await.unwrap();
        change.commit(entry("delete_team")).await.unwrap();
        assert!(store.memberships_of(&user.id).await.unwrap().is_empty());
        assert!(store.teams(&Page::first(10)).await.unwrap().0.is_empty());
    });
}

#[test]
fn a_name_of_a_team_is_taken_once() {
    each_store(async |home| {
        let store = home.open().await;
        let mut change = store.change().await.unwrap();
        let first = team(&mut change, "orders").await;
        let new =
            NewTeam { name: first.name, display_name: String::new(), description: String::new() };
        let error = change.insert_team(new).await.unwrap_err();
        assert_eq!(error.to_string(), r#"team "orders" exists already"#);
    });
}

#[test]
fn a_service_account_lives_with_its_tokens_in_a_team_that_is_there() {
    each_store(async |home| {
        let store = home.open().await;
        let new = NewServiceAccount {
            name: "deploy".to_owned(),
            description: "the pipeline".to_owned(),
            team: Some("orders".to_owned()),
            role: "maintainer".to_owned(),
        };
        let mut change = store.change().await.unwrap();
        let error = change.insert_service_account(new.clone()).await.unwrap_err();
        assert_eq!(error.to_string(), r#"there is no team "orders""#);
        drop(change);

        let mut change = store.change().await.unwrap();
        let orders = team(&mut change, "orders").await;
        let account = change.insert_service_account(new).await.unwrap();
        assert!(account.id.starts_with("sva_"));
        change.insert_token(token(&account.id)).await.unwrap();
        let mut changed = account.clone();
        changed.role = "developer".to_owned();
        let changed = change.update_service_account(changed).await.unwrap();
        let error = change.update_service_account(account).await.unwrap_err();
        assert!(error.to_string().ends_with("has changed in the meantime"), "{error}");
        change.commit(entry("create_service_account")).await.unwrap();
        let found = store.service_account(&changed.id).await.unwrap();
        assert_eq!(found, Some(changed.clone()));
        assert_eq!(store.service_account_by_name("deploy").await.unwrap(), found);
        let (all, next) = store.service_accounts(&Page::first(5)).await.unwrap();
        assert_eq!((all, next), (vec![changed.clone()], None));

        let mut change = store.change().await.unwrap();
        let error = change.remove_team(&orders).await.unwrap_err();
        assert_eq!(error.to_string(), r#"team "orders" is still in use"#);
        drop(change);
        let mut change = store.change().await.unwrap();
        change.remove_service_account(&changed).await.unwrap();
        change.commit(entry("delete_service_account")).await.unwrap();
        assert_eq!(store.token_by_hash(&[9; 32]).await.unwrap(), None);
        assert_eq!(store.service_account(&changed.id).await.unwrap(), None);
    });
}
