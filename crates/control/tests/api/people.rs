//! Setting up, signing in and out, users, tokens: who is let in, and for how long.

use std::time::Duration;

use serde_json::{Value, json};

use crate::home::{ADMIN, CODE, FILE_TOKEN, PASSWORD, Proof, each_database};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn setup(code: &str, password: &str) -> Value {
    json!({ "code": code, "email": "Ada@Example.com", "password": password, "display_name": "Ada" })
}

#[test]
fn the_first_admin_comes_by_the_code_and_uses_it_up() {
    each_database(async |home| {
        let nobody = &Proof::Nothing;
        assert_eq!(home.get(nobody, "/api/v1/setup").await.json()["complete"], false);
        let path = "/api/v1/setup";
        let without = home.send(nobody, "POST", path, &setup(CODE, PASSWORD)).await;
        assert_eq!((without.status(), without.code().as_str()), (403, "setup_code_wrong"));
        home.print_code().await;
        for (body, code) in [
            (setup("K7QF-2M9E", PASSWORD), "setup_code_wrong"),
            (setup("", PASSWORD), "setup_code_wrong"),
            (setup(CODE, "short"), "password_too_weak"),
            (setup(CODE, "ada@example.com"), "password_too_weak"),
        ] {
            assert_eq!(home.send(nobody, "POST", path, &body).await.code(), code, "{body}");
        }
        let reply = home.send(nobody, "POST", path, &setup("k7qf2m9d", PASSWORD)).await;
        assert_eq!(reply.status(), 201, "{reply}");
        let cookie = reply.header("set-cookie").unwrap();
        assert!(
            cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"),
            "{cookie}"
        );
        assert_eq!(reply.json()["role"], "admin");
        assert_eq!(home.get(nobody, "/api/v1/setup").await.json()["complete"], true);
        let again = home.send(nobody, "POST", path, &setup(CODE, PASSWORD)).await;
        assert_eq!((again.status(), again.code().as_str()), (409, "setup_complete"));
        let admin = home.sign_in(ADMIN).await;
        let told = ["sign_in", "set_up", "denied", "denied", "make_setup_code", "denied"];
        assert_eq!(home.actions(&admin).await, told);
    });
}

#[test]
fn an_expired_code_sets_nothing_up() {
    each_database(async |home| {
        home.print_code().await;
        home.clock.advance(HOUR / 2);
        let reply =
            home.send(&Proof::Nothing, "POST", "/api/v1/setup", &setup(CODE, PASSWORD)).await;
        assert_eq!(reply.code(), "setup_code_wrong");
    });
}

#[test]
fn before_anybody_has_set_up_loopback_keeps_what_it_had_and_gets_nothing_new() {
    each_database(async |home| {
        let nobody = &Proof::Nothing;
        for path in ["/api/v1/upstreams", "/api/v1/models", "/api/v1/config", "/metrics", "/readyz"]
        {
            assert_eq!(home.get(nobody, path).await.status(), 200, "{path}");
        }
        for path in ["/api/v1/services", "/api/v1/users", "/api/v1/audit", "/api/v1/session"] {
            assert_eq!(home.get(nobody, path).await.code(), "token_missing", "{path}");
        }
        home.set_up().await;
        for path in ["/api/v1/upstreams", "/api/v1/models", "/api/v1/config", "/api/v1/version"] {
            assert_eq!(home.get(nobody, path).await.code(), "token_missing", "{path}");
        }
        for path in ["/metrics", "/readyz", "/healthz", "/openapi.json", "/api/v1/setup"] {
            assert_eq!(home.get(nobody, path).await.status(), 200, "{path}");
        }
    });
}

#[test]
fn models_of_the_platform_are_shown_to_its_roles_alone() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": "blue" })).await;
        let (member, _) = home.member(&admin, "dev@example.com", "blue", "owner").await;
        let models = async |who: &Proof| {
            let listed = home.get(who, "/api/v1/models").await;
            assert_eq!(listed.status(), 200, "{listed}");
            listed.json()["models"].as_array().unwrap().len()
        };
        assert!(models(&admin).await > 0);
        assert_eq!(models(&member).await, 0);
    });
}

#[test]
fn the_token_of_the_file_is_an_admin_and_closes_the_scrape() {
    each_database(async |mut home| {
        home.set_up().await;
        home.with_admin("127.0.0.1:9080", Some(FILE_TOKEN));
        let token = Proof::Token(FILE_TOKEN.to_owned());
        assert_eq!(home.get(&token, "/api/v1/users").await.status(), 200);
        assert_eq!(home.get(&token, "/api/v1/session").await.json()["kind"], "admin_token");
        assert_eq!(home.get(&Proof::Nothing, "/metrics").await.code(), "token_missing");
        let wrong = Proof::Token("guess".to_owned());
        assert_eq!(home.get(&wrong, "/api/v1/users").await.code(), "token_invalid");
    });
}

#[test]
fn from_afar_whoever_has_signed_in_is_answered_by_whatever_name() {
    each_database(async |mut home| {
        let admin = home.set_up().await;
        home.with_admin("0.0.0.0:9080", None);
        let afar = "192.0.2.7".parse().unwrap();
        let host = [("host", "gateway.example:9080")];
        let own = home.call_from(afar, &admin, "GET", "/api/v1/users", &host, "").await;
        assert_eq!(own.status(), 200, "{own}");
        let none = home.call_from(afar, &Proof::Nothing, "GET", "/api/v1/users", &[], "").await;
        assert_eq!(none.code(), "token_missing");
        let scrape = home.call_from(afar, &Proof::Nothing, "GET", "/metrics", &[], "").await;
        assert_eq!(scrape.code(), "token_missing");
        let body = json!({ "email": ADMIN, "password": PASSWORD }).to_string();
        let headers = [host[0], ("content-type", "application/json")];
        let path = "/api/v1/session";
        let signed_in = home.call_from(afar, &Proof::Nothing, "POST", path, &headers, &body).await;
        assert_eq!(signed_in.status(), 200, "{signed_in}");
        let foreign = [headers[0], headers[1], ("origin", "https://attacker.example")];
        let forged = home.call_from(afar, &Proof::Nothing, "POST", path, &foreign, &body).await;
        assert_eq!(forged.code(), "origin_not_allowed");
    });
}

#[test]
fn a_write_by_a_cookie_needs_what_only_our_page_knows() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = json!({ "name": "blue" });
        for token in ["", "guess"] {
            let headers = [("x-csrf-token", token)];
            let reply = home.send_with(&admin, "POST", "/api/v1/teams", &headers, &body).await;
            assert_eq!((reply.status(), reply.code().as_str()), (403, "csrf_token_wrong"));
        }
        assert_eq!(home.send(&admin, "POST", "/api/v1/teams", &body).await.status(), 201);
    });
}

#[test]
fn after_ten_wrong_passwords_nobody_gets_in_for_a_quarter_of_an_hour() {
    each_database(async |home| {
        home.set_up().await;
        let sign_in = async |password: &str| {
            let body = json!({ "email": ADMIN, "password": password });
            home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await
        };
        for _attempt in 0..10 {
            assert_eq!(sign_in("wrong password").await.code(), "credentials_wrong");
        }
        let locked = sign_in(PASSWORD).await;
        assert_eq!((locked.status(), locked.code().as_str()), (401, "credentials_wrong"));
        home.clock.advance(Duration::from_secs(15 * 60));
        assert_eq!(sign_in(PASSWORD).await.status(), 200);
    });
}

#[test]
fn who_tries_too_often_waits_whatever_they_try() {
    each_database(async |home| {
        home.set_up().await;
        let mut codes = Vec::new();
        for attempt in 0..25 {
            let body = json!({ "email": format!("{attempt}@example.com"), "password": "x" });
            let reply = home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
            if reply.status() == 429 {
                assert!(reply.header("retry-after").is_some());
            }
            codes.push(reply.code());
        }
        assert_eq!(codes.iter().filter(|code| *code == "too_many_attempts").count(), 6);
    });
}

#[test]
fn a_failed_sign_in_is_in_the_audit_log_without_what_was_typed() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for email in [ADMIN, "hunter2hunter2"] {
            let body = json!({ "email": email, "password": "not this one" });
            home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
        }
        let reply = home.get(&admin, "/api/v1/audit?action=sign_in_failed").await;
        assert_eq!(reply.json()["audit"][0]["name"], "");
        assert_eq!(reply.json()["audit"][1]["name"], ADMIN);
        assert!(!reply.text().contains("hunter2") && !reply.text().contains("not this one"));
    });
}

#[test]
fn a_session_ends_by_idling_by_age_and_by_signing_out() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let is_in = async |proof: &Proof| home.get(proof, "/api/v1/session").await.status() == 200;
        home.clock.advance(11 * HOUR);
        assert!(is_in(&admin).await);
        home.clock.advance(13 * HOUR);
        assert_eq!(home.get(&admin, "/api/v1/session").await.code(), "session_invalid");
        let admin = home.sign_in(ADMIN).await;
        for _half_day in 0..16 {
            assert!(is_in(&admin).await);
            home.clock.advance(10 * HOUR);
        }
        home.clock.advance(9 * HOUR);
        assert!(!is_in(&admin).await, "after a week");
        let (admin, other) = (home.sign_in(ADMIN).await, home.sign_in(ADMIN).await);
        assert_eq!(
            home.send(&admin, "DELETE", "/api/v1/session", &Value::Null).await.status(),
            204
        );
        assert!(!is_in(&admin).await && is_in(&other).await);
    });
}

#[test]
fn ones_other_sessions_are_listed_and_ended() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.clock.advance(HOUR);
        let other = home.sign_in(ADMIN).await;
        let list = home.get(&admin, "/api/v1/sessions").await.json();
        let sessions = list["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), 2);
        let current = sessions.iter().find(|one| one["is_current"] == false).unwrap();
        let path = format!("/api/v1/sessions/{}", current["id"].as_str().unwrap());
        assert_eq!(home.send(&admin, "DELETE", &path, &Value::Null).await.status(), 204);
        assert_eq!(home.get(&other, "/api/v1/session").await.code(), "session_invalid");
        let again = home.send(&admin, "DELETE", &path, &Value::Null).await;
        assert_eq!(again.code(), "session_not_found");
    });
}

#[test]
fn an_invitation_is_redeemed_once_and_by_its_code_alone() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = json!({ "email": "Bob@example.com", "display_name": "Bob" });
        let dry = home.send(&admin, "POST", "/api/v1/users?validate_only=true", &body).await;
        assert_eq!((dry.status(), &dry.json()["code"]), (200, &Value::Null));
        let reply = home.send(&admin, "POST", "/api/v1/users", &body).await;
        assert_eq!(reply.status(), 201, "{reply}");
        assert_eq!(reply.json()["user"]["email"], "bob@example.com");
        let user = reply.json()["user"]["id"].as_str().unwrap().to_owned();
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        assert_eq!(reply.header("location"), Some(format!("/api/v1/users/{user}").as_str()));
        let twice = home.send(&admin, "POST", "/api/v1/users", &body).await;
        assert_eq!((twice.status(), twice.code().as_str()), (409, "name_taken"));
        let redeem = async |user: &str, code: &str| {
            let body = json!({ "code": code, "password": PASSWORD });
            let path = format!("/api/v1/users/{user}:redeem_code");
            home.send(&Proof::Nothing, "POST", &path, &body).await
        };
        assert_eq!(redeem(&user, "guess").await.code(), "user_code_wrong");
        assert_eq!(redeem("usr_nobody", &code).await.code(), "user_code_wrong");
        assert_eq!(redeem(&user, &code).await.status(), 204);
        assert_eq!(redeem(&user, &code).await.code(), "user_code_wrong");
        home.sign_in("BOB@example.com").await;
        let audit = home.get(&admin, "/api/v1/audit").await;
        assert!(!audit.text().contains(&code) && !audit.text().contains(PASSWORD), "{audit}");
    });
}

#[test]
fn a_lost_password_is_reset_by_a_code_and_a_known_one_by_oneself() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (bob, user) = home.person(&admin, "bob@example.com", None).await;
        let other = home.sign_in("bob@example.com").await;
        let path = format!("/api/v1/users/{user}:set_password");
        let body =
            |current: &str, new: &str| json!({ "current_password": current, "password": new });
        let wrong = home.send(&bob, "POST", &path, &body("wrong", "another password")).await;
        assert_eq!(wrong.code(), "password_wrong");
        let others = home.send(&admin, "POST", &path, &body(PASSWORD, "another password")).await;
        assert_eq!(others.code(), "not_permitted");
        let set = home.send(&bob, "POST", &path, &body(PASSWORD, "another password")).await;
        assert_eq!(set.status(), 204, "{set}");
        assert_eq!(home.get(&bob, "/api/v1/session").await.status(), 200);
        assert_eq!(home.get(&other, "/api/v1/session").await.code(), "session_invalid");
        let path = format!("/api/v1/users/{user}:reset_password");
        let reset = home.send(&admin, "POST", &path, &Value::Null).await;
        let body = json!({ "code": reset.json()["code"], "password": PASSWORD });
        let path = format!("/api/v1/users/{user}:redeem_code");
        assert_eq!(home.send(&Proof::Nothing, "POST", &path, &body).await.status(), 204);
        assert_eq!(home.get(&bob, "/api/v1/session").await.code(), "session_invalid");
        home.sign_in("bob@example.com").await;
    });
}

#[test]
fn who_is_disabled_is_out_at_once_with_all_their_tokens() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (bob, user) = home.person(&admin, "bob@example.com", Some("auditor")).await;
        let token = home.token(&bob, &["read"]).await;
        assert_eq!(home.get(&token, "/api/v1/users").await.status(), 200);
        let disable = format!("/api/v1/users/{user}:disable");
        assert_eq!(home.send(&admin, "POST", &disable, &Value::Null).await.status(), 200);
        assert_eq!(home.get(&bob, "/api/v1/users").await.code(), "session_invalid");
        assert_eq!(home.get(&token, "/api/v1/users").await.code(), "token_invalid");
        let body = json!({ "email": "bob@example.com", "password": PASSWORD });
        let refused = home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
        assert_eq!(refused.code(), "credentials_wrong");
        let enable = format!("/api/v1/users/{user}:enable");
        assert_eq!(home.send(&admin, "POST", &enable, &Value::Null).await.status(), 200);
        assert_eq!(home.get(&token, "/api/v1/users").await.status(), 200);
    });
}

#[test]
fn the_last_admin_stays_one() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let me = home.get(&admin, "/api/v1/session").await.json();
        let path = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
        let demote = json!({ "role": null });
        assert_eq!(home.change(&admin, "PATCH", &path, &demote).await.code(), "last_admin");
        let disable = format!("{path}:disable");
        let refused = home.send(&admin, "POST", &disable, &Value::Null).await;
        assert_eq!((refused.status(), refused.code().as_str()), (409, "last_admin"));
        home.person(&admin, "eve@example.com", Some("admin")).await;
        assert_eq!(home.change(&admin, "PATCH", &path, &demote).await.status(), 200);
        let after = home.get(&admin, "/api/v1/users").await;
        assert_eq!(after.code(), "not_permitted", "the role is gone with the next request");
    });
}

#[test]
fn a_token_is_shown_once_is_for_its_scopes_and_ends() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = json!({ "name": "ci", "scopes": ["teams"], "expires_in_days": 1 });
        let made = home.send(&admin, "POST", "/api/v1/tokens", &body).await;
        let secret = made.json()["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("arc_pat_"), "{secret}");
        let token = Proof::Token(secret.clone());
        assert_eq!(home.get(&token, "/api/v1/teams").await.status(), 200);
        let made = home.send(&token, "POST", "/api/v1/teams", &json!({ "name": "blue" })).await;
        assert_eq!(made.status(), 201);
        assert_eq!(home.get(&token, "/api/v1/users").await.code(), "scope_not_permitted");
        let escalated = home.send(&token, "POST", "/api/v1/tokens", &body).await;
        assert_eq!(escalated.code(), "scope_not_permitted");
        let list = home.get(&admin, "/api/v1/tokens").await;
        assert!(!list.text().contains(&secret));
        assert_eq!(list.json()["tokens"][0]["last4"], secret[42..]);
        assert_eq!(list.json()["tokens"][0]["last_used_at"], "2026-05-17T08:09:10.000000Z");
        home.clock.advance(24 * HOUR);
        assert_eq!(home.get(&token, "/api/v1/teams").await.code(), "token_invalid");
    });
}

#[test]
fn a_revoked_token_is_worth_nothing_and_others_tokens_are_not_there() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (bob, _) = home.person(&admin, "bob@example.com", None).await;
        let token = home.token(&bob, &["read"]).await;
        let list = home.get(&bob, "/api/v1/tokens").await.json();
        let path = format!("/api/v1/tokens/{}:revoke", list["tokens"][0]["id"].as_str().unwrap());
        let others = home.send(&admin, "POST", &path, &Value::Null).await;
        assert_eq!(others.code(), "token_not_found");
        assert_eq!(home.get(&token, "/api/v1/session").await.status(), 200);
        assert_eq!(home.send(&bob, "POST", &path, &Value::Null).await.status(), 200);
        assert_eq!(home.get(&token, "/api/v1/session").await.code(), "token_invalid");
    });
}

#[test]
fn a_service_account_acts_where_it_belongs() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["blue", "red"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let (owner, _) = home.member(&admin, "olga@example.com", "blue", "owner").await;
        let body = json!({ "name": "deployer", "role": "maintainer" });
        let wide = home.send(&owner, "POST", "/api/v1/service_accounts", &body).await;
        assert_eq!(wide.code(), "not_permitted");
        let others = home.send(&owner, "POST", "/api/v1/service_accounts?team=red", &body).await;
        assert_eq!(others.code(), "team_not_found");
        let path = "/api/v1/service_accounts?team=blue";
        let admin_role = json!({ "name": "deployer", "role": "admin" });
        let too_much = home.send(&owner, "POST", path, &admin_role).await;
        assert_eq!(too_much.code(), "value_out_of_range");
        assert_eq!(home.send(&owner, "POST", path, &body).await.status(), 201);
        let body = json!({ "name": "main", "scopes": ["write"] });
        let tokens = "/api/v1/service_accounts/deployer/tokens";
        let made = home.send(&owner, "POST", tokens, &body).await;
        let secret = made.json()["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("arc_sva_"));
        let account = Proof::Token(secret);
        let service = json!({
            "name": "up", "endpoints": [{ "address": "10.0.0.7:80" }],
        });
        let path = "/api/v1/upstreams?team=blue";
        assert_eq!(home.send(&account, "POST", path, &service).await.status(), 201);
        let elsewhere = home.send(&account, "POST", "/api/v1/upstreams?team=red", &service).await;
        assert_eq!(elsewhere.code(), "team_not_found");
        assert_eq!(home.get(&account, "/api/v1/users").await.code(), "not_permitted");
        let gone = home.change(&owner, "DELETE", "/api/v1/service_accounts/deployer", &Value::Null);
        assert_eq!(gone.await.status(), 204);
        assert_eq!(home.get(&account, "/api/v1/session").await.code(), "token_invalid");
    });
}

#[test]
fn a_team_keeps_an_owner_and_goes_only_when_it_is_empty() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = json!({ "name": "blue", "owner": ADMIN });
        assert_eq!(home.send(&admin, "POST", "/api/v1/teams", &body).await.status(), 201);
        let member = format!("/api/v1/teams/blue/members/{ADMIN}");
        let removed = home.send(&admin, "DELETE", &member, &Value::Null).await;
        assert_eq!((removed.status(), removed.code().as_str()), (409, "last_owner"));
        let demoted = home.send(&admin, "PUT", &member, &json!({ "role": "developer" })).await;
        assert_eq!(demoted.code(), "last_owner");
        home.member(&admin, "olga@example.com", "blue", "owner").await;
        assert_eq!(home.send(&admin, "DELETE", &member, &Value::Null).await.status(), 204);
        let upstream = json!({ "name": "up", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams?team=blue", &upstream).await;
        let used = home.change(&admin, "DELETE", "/api/v1/teams/blue", &Value::Null).await;
        assert_eq!((used.status(), used.code().as_str()), (409, "team_not_empty"));
        home.change(&admin, "DELETE", "/api/v1/upstreams/up", &Value::Null).await;
        let gone = home.change(&admin, "DELETE", "/api/v1/teams/blue", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
    });
}

#[test]
fn lists_come_in_pages_that_belong_to_their_filters() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["a", "b", "c"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let first = home.get(&admin, "/api/v1/teams?page_size=2").await.json();
        assert_eq!(first["teams"][1]["name"], "b");
        let token = first["next_page_token"].as_str().unwrap();
        let next = home.get(&admin, &format!("/api/v1/teams?page_size=1&page_token={token}")).await;
        assert_eq!(next.json()["teams"][0]["name"], "c");
        assert_eq!(next.json()["next_page_token"], Value::Null);
        let other = home.get(&admin, &format!("/api/v1/users?page_token={token}")).await;
        assert_eq!((other.status(), other.code().as_str()), (400, "page_token_invalid"));
        for query in ["page_size=0", "page_size=201", "page_size=x", "page_sise=1", "page_token=x"]
        {
            let reply = home.get(&admin, &format!("/api/v1/teams?{query}")).await;
            assert_eq!(reply.status(), 400, "{query}");
        }
        insta::assert_snapshot!(
            "an_unknown_parameter_is_refused",
            home.get(&admin, "/api/v1/teams?page_sise=1").await
        );
    });
}

#[test]
fn an_unknown_member_of_a_body_is_pointed_at() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = json!({ "name": "blue", "descripton": "x" });
        let reply = home.send(&admin, "POST", "/api/v1/teams", &body).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "body_invalid"));
        assert_eq!(reply.json()["errors"][0]["pointer"], "/descripton");
        insta::assert_snapshot!("an_unknown_member_is_pointed_at", reply);
    });
}

#[test]
fn with_the_database_gone_probes_and_the_token_of_the_file_still_work() {
    each_database(async |mut home| {
        let admin = home.set_up().await;
        home.with_admin("127.0.0.1:9080", Some(FILE_TOKEN));
        home.store.close().await;
        for path in ["/healthz", "/readyz", "/openapi.json"] {
            assert_eq!(home.get(&Proof::Nothing, path).await.status(), 200, "{path}");
        }
        let token = Proof::Token(FILE_TOKEN.to_owned());
        for path in ["/metrics", "/api/v1/config", "/api/v1/usage", "/api/v1/version"] {
            assert_eq!(home.get(&token, path).await.status(), 200, "{path}");
        }
        for (proof, path) in [(&admin, "/api/v1/session"), (&token, "/api/v1/users")] {
            let reply = home.get(proof, path).await;
            assert_eq!((reply.status(), reply.code().as_str()), (503, "store_unavailable"));
            assert!(reply.header("retry-after").is_some());
        }
    });
}

#[test]
fn what_the_caller_has_is_not_sent_again_and_a_patch_is_a_merge_patch() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": "blue" })).await;
        let made = json!({ "name": "tills" });
        home.send(&admin, "POST", "/api/v1/applications?team=blue", &made).await;
        home.send(
            &admin,
            "POST",
            "/api/v1/service_accounts?team=blue",
            &json!({ "name": "ci", "role": "maintainer" }),
        )
        .await;
        for path in ["teams/blue", "applications/tills", "service_accounts/ci"] {
            let path = format!("/api/v1/{path}");
            let shown = home.get(&admin, &path).await;
            let tag = shown.header("etag").unwrap_or_else(|| panic!("{path}: {shown}")).to_owned();
            let ask = async |tag: &str| {
                home.call(&admin, "GET", &path, &[("if-none-match", tag)], "").await
            };
            let known = ask(&tag).await;
            assert_eq!((known.status(), known.text().is_empty()), (304, true), "{path}: {known}");
            assert_eq!(ask("\"another\"").await.status(), 200, "{path}");
            assert_eq!(ask("no tag").await.status(), 400, "{path}");
            let fields =
                [("content-type", "application/merge-patch+json"), ("if-match", tag.as_str())];
            let patch = json!({ "description": "of all shops" });
            let reply = home.call(&admin, "PATCH", &path, &fields, &patch.to_string()).await;
            assert_eq!(reply.status(), 200, "{path}: {reply}");
        }
    });
}
