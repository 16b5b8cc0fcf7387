//! The audit log: what was refused is in it, not without bound, and what is old goes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::home::{ADMIN, CODE, PASSWORD, Proof, each_database};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn writes_that_were_refused_are_written_down_and_reads_are_not() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (stranger, _) = home.person(&admin, "eve@example.com", None).await;
        let reader = home.token(&admin, &["read"]).await;
        for (proof, method, path) in [
            (&stranger, "GET", "/api/v1/users"),
            (&stranger, "POST", "/api/v1/teams"),
            (&reader, "POST", "/api/v1/teams"),
        ] {
            let body = if method == "POST" { json!({ "name": "x" }) } else { Value::Null };
            assert_eq!(home.send(proof, method, path, &body).await.status(), 403, "{path}");
        }
        let headers = [("x-csrf-token", "guess")];
        let body = json!({ "name": "x" });
        home.send_with(&admin, "POST", "/api/v1/teams", &headers, &body).await;
        let page = home.get(&admin, "/api/v1/audit?action=denied").await.json();
        let rows = page["audit"].as_array().unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (row["actor_name"].as_str().unwrap(), row["after"]["code"].as_str().unwrap())
            })
            .collect();
        let expected = [
            (ADMIN, "csrf_token_wrong"),
            (ADMIN, "scope_not_permitted"),
            ("eve@example.com", "not_permitted"),
        ];
        assert_eq!(told, expected);
        assert_eq!(rows[2]["after"]["operation"], "create_team");
    });
}

#[test]
fn nobody_fills_the_audit_log_by_being_refused() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (stranger, _) = home.person(&admin, "eve@example.com", None).await;
        for _again in 0..60 {
            home.send(&stranger, "POST", "/api/v1/teams", &json!({ "name": "x" })).await;
        }
        let page = home.get(&admin, "/api/v1/audit?action=denied&page_size=200").await.json();
        assert_eq!(page["audit"].as_array().unwrap().len(), 20);
        // Signing in is bounded by its own.
        for _again in 0..60 {
            let body = json!({ "email": "nobody@example.com", "password": "wrong" });
            home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
        }
        let path = "/api/v1/audit?action=sign_in_failed&page_size=200";
        let count = home.get(&admin, path).await.json()["audit"].as_array().unwrap().len();
        assert!((1..=20).contains(&count), "{count}");
        let body = json!({
            "code": CODE, "email": ADMIN, "password": PASSWORD, "display_name": "Ada",
        });
        home.clock.advance(DAY / 24);
        let reply = home.send(&Proof::Nothing, "POST", "/api/v1/setup", &body).await;
        assert_eq!(reply.code(), "setup_complete");
    });
}

#[test]
fn old_rows_go_and_leave_a_row_and_what_has_expired_goes_with_them() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.sweep(30 * DAY).await;
        assert!(!home.actions(&admin).await.contains(&"expire_audit".to_owned()), "none is old");
        home.clock.advance(31 * DAY);
        let admin = home.sign_in(ADMIN).await;
        home.sweep(30 * DAY).await;
        assert_eq!(home.actions(&admin).await, ["expire_audit", "sign_in"]);
        let row = home.get(&admin, "/api/v1/audit?action=expire_audit").await.json();
        assert_eq!(row["audit"][0]["actor"], "system");
        assert_eq!(row["audit"][0]["after"]["rows"], 2);
        let user = home.store.user_by_email(ADMIN).await.unwrap().unwrap();
        assert_eq!(home.store.sessions_of(&user.id).await.unwrap().len(), 1, "the new one");
        home.sweep(30 * DAY).await;
        assert_eq!(home.actions(&admin).await.len(), 2, "nothing more is said");
    });
}
