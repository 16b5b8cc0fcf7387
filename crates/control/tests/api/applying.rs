//! Many things made so at once, or none of them.

use serde_json::{Value, json};

use crate::home::{Home, Proof, each_database};

const APPLY: &str = "/api/v1/objects:apply";

async fn count(home: &Home, admin: &Proof, kind: &str) -> usize {
    let reply = home.get(admin, &format!("/api/v1/{kind}")).await;
    reply.json()[kind].as_array().map_or(0, Vec::len)
}

fn object(kind: &str, name: &str, config: Value) -> Value {
    json!({ "kind": kind, "name": name, "config": config })
}

/// A product with a plan, and who calls by it.
fn shop() -> Value {
    json!({
        "teams": [{ "name": "blue", "budgets": [{ "money": "5 USD", "per": "day" }] }],
        "objects": [
            { "kind": "upstream", "name": "orders", "team": "blue",
              "config": { "endpoints": [{ "address": "10.0.0.7:80" }] } },
            object("service", "orders", json!({ "http": { "upstream": "orders" } })),
            object("product", "shop", json!({ "services": ["orders"] })),
            object("plan", "gold", json!({ "product": "shop" })),
        ],
        "applications": [{
            "name": "tills",
            "team": "blue",
            "description": "at the door",
            "keys": [{ "sha256": "ab".repeat(32), "name": "main", "prefix": "arc_key_", "last4": "wxyz" }],
        }],
        "subscriptions": [{ "application": "tills", "plan": "gold", "state": "active" }],
        "source": "shop.yaml",
    })
}

#[test]
fn everything_is_made_at_once_with_a_row_of_the_audit_log_for_each_and_one_for_all() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let dry = home.send(&admin, "POST", &format!("{APPLY}?validate_only=true"), &shop()).await;
        assert_eq!(dry.status(), 200, "{dry}");
        assert_eq!(count(&home, &admin, "services").await, 0, "nothing was written");
        let reply = home.send(&admin, "POST", APPLY, &shop()).await;
        assert_eq!((reply.status(), &reply.json()["changes"]), (200, &json!(8)), "{reply}");
        let upstream = home.get(&admin, "/api/v1/upstreams/orders").await;
        assert_eq!(upstream.json()["team"], "blue");
        let team = home.get(&admin, "/api/v1/teams/blue").await.json();
        assert_eq!(team["budgets"], json!([{ "money": "5 USD", "per": "day" }]), "{team}");
        let keys = home.get(&admin, "/api/v1/applications/tills/credentials").await;
        let key = &keys.json()["credentials"][0];
        assert_eq!((&key["name"], &key["last4"]), (&json!("main"), &json!("wxyz")));
        let all = home.get(&admin, "/api/v1/subscriptions").await;
        assert_eq!(all.json()["subscriptions"][0]["state"], "active");
        let audit = home.get(&admin, "/api/v1/audit?page_size=10").await;
        let row = &audit.json()["audit"][0];
        assert_eq!((&row["action"], &row["name"]), (&json!("apply"), &json!("shop.yaml")));
        assert_eq!(row["after"]["count"], 8);
        let actions = [
            "apply",
            "create_subscription",
            "create_credential",
            "create_application",
            "create_plan",
            "create_product",
            "create_service",
            "create_upstream",
            "create_team",
            "set_up",
        ];
        assert_eq!(home.actions(&admin).await[..10], actions);
        // The same once more changes no application; objects are written as they are.
        let again = home.send(&admin, "POST", APPLY, &shop()).await;
        assert_eq!((again.status(), &again.json()["changes"]), (200, &json!(4)), "{again}");
        let keys = home.get(&admin, "/api/v1/applications/tills/credentials").await;
        assert_eq!(keys.json()["credentials"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn one_fault_undoes_all_and_says_where_it_is() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let with = |key: &str, value: Value| {
            let mut body = shop();
            body[key] = value;
            body
        };
        for (body, status, told) in [
            (with("objects", json!([object("thing", "x", json!({}))])), 422, "/objects/0/kind"),
            (with("objects", json!([object("route", "X y", json!({}))])), 422, "/objects/0/name"),
            (with("teams", json!([{ "name": "No" }])), 422, "/teams/0/name"),
            (
                with(
                    "teams",
                    json!([{ "name": "blue", "budgets": [{ "tokens": 1, "per": "dya" }] }]),
                ),
                422,
                "/teams/0/budgets/0/per",
            ),
            (
                with(
                    "subscriptions",
                    json!([{ "application": "tills", "plan": "none", "state": "active" }]),
                ),
                422,
                "/subscriptions/0/plan",
            ),
            (
                with(
                    "subscriptions",
                    json!([{ "application": "none", "plan": "gold", "state": "active" }]),
                ),
                422,
                "/subscriptions/0/application",
            ),
            (
                with("applications", json!([{ "name": "tills", "owner": "nobody@example.com" }])),
                422,
                "/applications/0/owner",
            ),
            (
                with(
                    "applications",
                    json!([{ "name": "tills", "keys": [{ "sha256": "x", "name": "k" }] }]),
                ),
                422,
                "/applications/0/keys/0/sha256",
            ),
        ] {
            let reply = home.send(&admin, "POST", APPLY, &body).await;
            assert_eq!(
                (reply.status(), &reply.json()["errors"][0]["pointer"]),
                (status, &json!(told)),
                "{reply}"
            );
            assert_eq!(count(&home, &admin, "services").await, 0, "{told}");
            assert_eq!(count(&home, &admin, "teams").await, 0, "{told}");
        }
        let stale = json!({ "objects": [
            { "kind": "upstream", "name": "u", "config": { "endpoints": [{ "address": "10.0.0.7:80" }] },
              "if_match": "\"ups_other.1\"" },
        ] });
        let reply = home.send(&admin, "POST", APPLY, &stale).await;
        assert_eq!(
            (reply.status(), reply.code().as_str()),
            (412, "precondition_failed"),
            "{reply}"
        );
    });
}

#[test]
fn an_application_stays_whose_it_is() {
    each_database(async |home| {
        let admin = home.set_up().await;
        assert_eq!(home.send(&admin, "POST", APPLY, &shop()).await.status(), 200);
        let of = |more: Value| {
            let mut one = json!({ "name": "tills", "description": "at the door" });
            one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "teams": [{ "name": "red" }], "applications": [one] })
        };
        for (more, status, key) in [
            (json!({ "team": "red" }), 422, "/applications/0/team"),
            (json!({ "owner": "admin@example.com" }), 422, "/applications/0/owner"),
            (json!({ "team": "blue" }), 200, ""),
            (json!({}), 200, ""),
        ] {
            let reply = home.send(&admin, "POST", APPLY, &of(more)).await;
            assert_eq!(reply.status(), status, "{reply}");
            let pointer = reply.json()["errors"][0]["pointer"].clone();
            assert_eq!(pointer.as_str().unwrap_or_default(), key, "{reply}");
        }
        let tills = home.get(&admin, "/api/v1/applications/tills").await.json();
        assert_eq!(tills["team"], "blue", "{tills}");
    });
}

#[test]
fn a_plan_with_subscriptions_stays_until_somebody_says_that_they_end() {
    each_database(async |home| {
        let admin = home.set_up().await;
        assert_eq!(home.send(&admin, "POST", APPLY, &shop()).await.status(), 200);
        let gone = |ends: bool| {
            json!({
                "objects": [object("plan", "gold", Value::Null)],
                "end_subscriptions": ends,
            })
        };
        let refused = home.send(&admin, "POST", APPLY, &gone(false)).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (409, "object_in_use"),
            "{refused}"
        );
        let told = &refused.json()["errors"][0];
        assert_eq!(told["object"], "plans/gold");
        assert_eq!(told["message"], "tills has a subscription that is active");
        let done = home.send(&admin, "POST", APPLY, &gone(true)).await;
        assert_eq!(done.json()["ended_subscriptions"], json!(["tills to gold"]), "{done}");
        let all = home.get(&admin, "/api/v1/subscriptions").await;
        assert_eq!(all.json()["subscriptions"][0]["state"], "cancelled");
        assert_eq!(home.get(&admin, "/api/v1/plans/gold").await.status(), 404);
    });
}

#[test]
fn only_admins_apply_and_an_override_has_a_reason() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": "red" })).await;
        let (owner, _) = home.member(&admin, "red@example.com", "red", "owner").await;
        assert_eq!(home.send(&owner, "POST", APPLY, &json!({})).await.status(), 403);
        let bare = home.send(&admin, "POST", APPLY, &json!({ "override": true })).await;
        assert_eq!((bare.status(), &bare.json()["errors"][0]["pointer"]), (422, &json!("/reason")));
    });
}

#[test]
fn what_the_api_refuses_of_one_object_is_refused_of_many_and_names_it() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let at = |url: &str, value: Value| json!({ "kind": "openai_compatible", "base_url": url, "credentials": [{ "name": "main", "value": value }] });
        let apply = async |kind: &str, name: &str, config: Value| {
            let body = json!({ "objects": [object(kind, name, config)] });
            home.send(&admin, "POST", APPLY, &body).await
        };
        let here = "https://api.example.com/v1";
        let made = apply("provider", "lab", at(here, json!("secret-0123456789"))).await;
        assert_eq!(made.status(), 200, "{made}");
        let kept = json!({ "has_value": true });
        assert_eq!(apply("provider", "lab", at(here, kept.clone())).await.status(), 200);
        // Who did not see the secret does not send it elsewhere.
        let moved = apply("provider", "lab", at("https://other.example.com/v1", kept)).await;
        let told = &moved.json()["errors"][0];
        assert_eq!(
            (moved.status(), &told["object"], &told["pointer"]),
            (422, &json!("providers/lab"), &json!("/credentials/0/value")),
            "{moved}"
        );
        let file = json!({ "http": { "mock": {} }, "api": { "file": "/etc/passwd" } });
        let file = apply("service", "orders", file).await;
        let told = &file.json()["errors"][0];
        assert_eq!(
            (file.status(), &told["object"], &told["pointer"]),
            (422, &json!("services/orders"), &json!("/api/file")),
            "{file}"
        );
    });
}

#[test]
fn a_file_that_is_older_than_the_end_of_a_key_does_not_bring_it_back() {
    each_database(async |home| {
        let admin = home.set_up().await;
        assert_eq!(home.send(&admin, "POST", APPLY, &shop()).await.status(), 200);
        let keys = "/api/v1/applications/tills/credentials";
        let all = home.get(&admin, keys).await;
        let key = format!("{keys}/{}", all.json()["credentials"][0]["id"].as_str().unwrap());
        let revoked = home.send(&admin, "POST", &format!("{key}:revoke"), &json!({})).await;
        assert_eq!(revoked.status(), 200, "{revoked}");
        let removed = home.send(&admin, "DELETE", &key, &Value::Null).await;
        assert_eq!(removed.status(), 204, "{removed}");
        let again = home.send(&admin, "POST", APPLY, &shop()).await;
        assert_eq!(again.status(), 200, "{again}");
        assert_eq!(home.get(&admin, keys).await.json()["credentials"], json!([]));
        // Nor does a detour by an application of another name, or by one that went with it.
        let mut other = shop();
        other["applications"][0]["name"] = json!("other");
        assert_eq!(home.send(&admin, "POST", APPLY, &other).await.status(), 200);
        let none = home.get(&admin, "/api/v1/applications/other/credentials").await;
        assert_eq!(none.json()["credentials"], json!([]), "{none}");
    });
}

#[test]
fn consumers_and_applications_share_one_room_of_names() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let application = json!({ "applications": [{ "name": "tills", "description": "" }] });
        assert_eq!(home.send(&admin, "POST", APPLY, &application).await.status(), 200);
        let consumer = json!({ "name": "tills" });
        let made = home.send(&admin, "POST", "/api/v1/consumers", &consumer).await;
        assert_eq!((made.status(), made.code().as_str()), (409, "name_taken"), "{made}");
        let applied = json!({ "objects": [object("consumer", "tills", json!({}))] });
        let applied = home.send(&admin, "POST", APPLY, &applied).await;
        assert_eq!((applied.status(), applied.code().as_str()), (409, "name_taken"), "{applied}");
        assert_eq!(applied.json()["errors"][0]["object"], "consumers/tills", "{applied}");
        // In the place of one that goes with the same change it may be.
        let both = json!({
            "applications": [{ "name": "tills", "gone": true }],
            "objects": [object("consumer", "tills", json!({}))],
        });
        let both = home.send(&admin, "POST", APPLY, &both).await;
        assert_eq!(both.status(), 200, "{both}");
        let back = home.send(&admin, "POST", APPLY, &application).await;
        assert_eq!((back.status(), back.code().as_str()), (409, "name_taken"), "{back}");
    });
}

#[test]
fn what_breaks_is_told_of_every_service_of_a_change() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let described = |path: &str| {
            let responses = json!({ "200": { "description": "d" } });
            let text = json!({
                "openapi": "3.1.0", "info": { "title": "T", "version": "1" },
                "paths": { path: { "get": { "responses": responses } } },
            });
            json!({ "http": { "mock": {} }, "api": { "text": text.to_string() } })
        };
        let all = |path: &str| {
            let names = ["one", "two", "three"];
            let objects: Vec<Value> =
                names.iter().map(|name| object("service", name, described(path))).collect();
            json!({ "objects": objects })
        };
        assert_eq!(home.send(&admin, "POST", APPLY, &all("/a")).await.status(), 200);
        let refused = home.send(&admin, "POST", APPLY, &all("/b")).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (409, "breaking_changes"),
            "{refused}"
        );
        let told: Vec<Value> = refused.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["object"].clone())
            .collect();
        assert_eq!(told, ["services/one", "services/two", "services/three"], "{refused}");
        assert!(refused.to_string().contains("in 3 services"), "{refused}");
        let mut wanted = all("/b");
        wanted["override"] = json!(true);
        wanted["reason"] = json!("nobody calls them");
        let done = home.send(&admin, "POST", APPLY, &wanted).await;
        assert_eq!(done.status(), 200, "{done}");
        let log = home.get(&admin, "/api/v1/audit?action=apply").await;
        let kept = &log.json()["audit"][0]["after"]["override"];
        assert_eq!(
            (kept, &kept["reason"]),
            (&done.json()["override"], &json!("nobody calls them"))
        );
        let lines: Vec<&str> =
            kept["breaking"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for name in ["one", "two", "three"] {
            let begin = format!("services/{name}: ");
            assert!(lines.iter().any(|line| line.starts_with(&begin)), "{name}: {kept}");
        }
    });
}
