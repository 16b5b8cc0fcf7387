//! What is applied is held to what the API holds each thing to, and tells those whom it concerns.

use serde_json::{Value, json};

use crate::gateway::Reply;
use crate::home::{Home, Proof, each_database};

const APPLY: &str = "/api/v1/objects:apply";
const KEYS: &str = "/api/v1/applications/tills/credentials";

/// An admin, and an upstream `u` for services.
async fn ready(home: &Home) -> Proof {
    let admin = home.set_up().await;
    let upstream = json!({ "name": "u", "endpoints": [{ "address": "10.0.0.7:80" }] });
    let made = home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
    assert_eq!(made.status(), 201, "{made}");
    admin
}

async fn apply(home: &Home, admin: &Proof, body: &Value) -> Reply {
    home.send(admin, "POST", APPLY, body).await
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, pointer: &str) {
    assert_eq!((reply.status(), reply.code().as_str()), (status, code), "{reply}");
    assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{reply}");
}

/// A product of the team `red` with a plan that asks, and an application of `blue`.
fn shop() -> Value {
    let questions = json!([{ "name": "purpose", "label": "What for?", "required": true }]);
    json!({
        "teams": [{ "name": "blue" }, { "name": "red" }],
        "objects": [
            { "kind": "service", "name": "orders", "team": "red", "config": { "http": { "upstream": "u" } } },
            { "kind": "product", "name": "shop", "team": "red",
              "config": { "services": ["orders"], "visibility": "public" } },
            { "kind": "plan", "name": "gold", "team": "red", "config": { "product": "shop" } },
            { "kind": "plan", "name": "asks", "team": "red",
              "config": { "product": "shop", "questions": questions, "approval": "by_hand" } },
            { "kind": "plan", "name": "inside", "team": "red",
              "config": { "product": "shop", "subscribers": { "teams": ["red"] } } },
        ],
        "applications": [{ "name": "tills", "team": "blue" }],
    })
}

fn subscription(plan: &str, state: &str) -> Value {
    json!({ "application": "tills", "plan": plan, "state": state })
}

fn with(mut one: Value, more: Value) -> Value {
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

fn of_tills(keys: Value) -> Value {
    json!({ "applications": [{ "name": "tills", "keys": keys }] })
}

fn digest(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

async fn keys(home: &Home, admin: &Proof) -> Vec<(String, Value)> {
    let all = home.get(admin, KEYS).await.json()["credentials"].clone();
    let one = |key: &Value| (key["name"].as_str().unwrap().to_owned(), key["expires_at"].clone());
    all.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn keys_come_are_renamed_and_end_sooner_and_never_later() {
    each_database(async |home| {
        let admin = ready(&home).await;
        assert_eq!(apply(&home, &admin, &shop()).await.status(), 200);
        let late = "2199-01-31T00:00:00.000000Z";
        let soon = "2198-01-31T00:00:00.000000Z";
        for (sent, changes, is) in [
            // Of an application that is there already.
            (json!({ "name": "main" }), 1, ("main", Value::Null)),
            (json!({ "name": "main" }), 0, ("main", Value::Null)),
            (json!({ "expires_at": late }), 1, ("main", json!(late))),
            (json!({ "name": "other", "expires_at": soon }), 1, ("other", json!(soon))),
            (json!({ "expires_at": late }), 0, ("other", json!(soon))),
            (json!({}), 0, ("other", json!(soon))),
        ] {
            let key = with(json!({ "sha256": digest(1) }), sent);
            let reply = apply(&home, &admin, &of_tills(json!([key]))).await;
            assert_eq!(
                (reply.status(), &reply.json()["changes"]),
                (200, &json!(changes)),
                "{reply}"
            );
            assert_eq!(keys(&home, &admin).await, [(is.0.to_owned(), is.1)]);
        }
        // One that has ended neither comes nor comes back.
        let past = "2020-01-31T00:00:00Z";
        let ended = json!([
            { "sha256": digest(1), "expires_at": past },
            { "sha256": digest(2), "expires_at": past },
        ]);
        let reply = apply(&home, &admin, &of_tills(ended.clone())).await;
        assert_eq!(reply.json()["changes"], 1, "{reply}");
        let again = apply(&home, &admin, &of_tills(ended)).await;
        assert_eq!(again.json()["changes"], 0, "{again}");
        let find = json!({ "sha256": [digest(1), digest(2), digest(1)] });
        let found = home.send(&admin, "POST", "/api/v1/credentials:find", &find).await;
        let found = found.json()["credentials"].clone();
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
        assert_eq!(found[0]["application"], "tills", "{found}");
        assert_eq!((&found[0]["has_ended"], &found[0]["name"]), (&json!(true), &json!("other")));
        let wrong = json!({ "sha256": [digest(1), "x"] });
        let wrong = home.send(&admin, "POST", "/api/v1/credentials:find", &wrong).await;
        refused(&wrong, 422, "value_out_of_range", "/sha256/1");
    });
}

#[test]
fn an_application_has_as_many_keys_as_the_api_lets_it_have() {
    each_database(async |home| {
        let admin = ready(&home).await;
        assert_eq!(apply(&home, &admin, &shop()).await.status(), 200);
        let many = |count: u8| (0..count).map(|byte| json!({ "sha256": digest(byte) })).collect();
        let reply = apply(&home, &admin, &of_tills(many(51))).await;
        refused(&reply, 409, "too_many", "/applications/0/keys/50");
        assert!(keys(&home, &admin).await.is_empty());
        assert_eq!(apply(&home, &admin, &of_tills(many(50))).await.status(), 200);
        let by_api = home.send(&admin, "POST", KEYS, &json!({})).await;
        assert_eq!(by_api.json()["detail"], reply.json()["detail"], "the same words");
    });
}

#[test]
fn who_may_subscribe_and_what_must_be_answered_holds_for_a_file() {
    each_database(async |home| {
        let admin = ready(&home).await;
        assert_eq!(apply(&home, &admin, &shop()).await.status(), 200);
        let one = |subscription: Value| json!({ "subscriptions": [subscription] });
        let since = json!({ "since": "2020-01-31T00:00:00Z" });
        for (wanted, status, code, key) in [
            (subscription("asks", "active"), 422, "value_out_of_range", "/answers"),
            (
                with(subscription("asks", "active"), since.clone()),
                422,
                "value_out_of_range",
                "/answers",
            ),
            (
                with(subscription("gold", "active"), json!({ "answers": { "x": "y" } })),
                422,
                "value_out_of_range",
                "/answers/x",
            ),
            (subscription("gold", "suspended"), 422, "value_out_of_range", "/reason"),
        ] {
            let reply = apply(&home, &admin, &one(wanted)).await;
            refused(&reply, status, code, &format!("/subscriptions/0{key}"));
        }
        for more in [json!({}), since] {
            let reply =
                apply(&home, &admin, &one(with(subscription("inside", "active"), more))).await;
            assert_eq!((reply.status(), reply.code().as_str()), (409, "plan_not_open"), "{reply}");
        }
        let answers = json!({ "answers": { "purpose": "tills" } });
        let fine = apply(&home, &admin, &one(with(subscription("asks", "pending"), answers))).await;
        assert_eq!(fine.status(), 200, "{fine}");
        // Other answers are written, and held to the questions.
        let other = json!({ "answers": { "purpose": "doors" } });
        let other = apply(&home, &admin, &one(with(subscription("asks", "pending"), other))).await;
        assert_eq!((other.status(), &other.json()["changes"]), (200, &json!(1)), "{other}");
        let none = json!({ "answers": {} });
        let none = apply(&home, &admin, &one(with(subscription("asks", "pending"), none))).await;
        refused(&none, 422, "value_out_of_range", "/subscriptions/0/answers");
        let all = home.get(&admin, "/api/v1/subscriptions").await.json();
        assert_eq!(all["subscriptions"][0]["answers"], json!({ "purpose": "doors" }), "{all}");
        // No move leads from there to there.
        let jump = with(subscription("asks", "suspended"), json!({ "reason": "unpaid" }));
        let jump = apply(&home, &admin, &one(jump)).await;
        assert_eq!((jump.status(), jump.code().as_str()), (409, "state_not_fitting"), "{jump}");
        assert_eq!(jump.json()["detail"], "it is pending; :suspend is for one that is active");
        let active = apply(&home, &admin, &one(subscription("asks", "active"))).await;
        assert_eq!(active.status(), 200, "{active}");
        let back = apply(&home, &admin, &one(subscription("asks", "pending"))).await;
        refused(&back, 409, "state_not_fitting", "/subscriptions/0/state");
    });
}

#[test]
fn who_was_there_before_an_end_was_told_is_nobody_new() {
    each_database(async |home| {
        let admin = ready(&home).await;
        let mut wanted = shop();
        wanted["objects"][0]["config"] = json!({
            "http": { "upstream": "u" }, "state": "deprecated", "deprecated_at": "2021-01-01T00:00:00Z",
        });
        wanted["subscriptions"] = json!([subscription("gold", "active")]);
        let new = apply(&home, &admin, &wanted).await;
        assert_eq!((new.status(), new.code().as_str()), (409, "plan_not_open"), "{new}");
        let detail = "the service orders is deprecated and takes nobody new";
        assert_eq!(new.json()["detail"], detail);
        for (since, status) in [("2022-01-31T00:00:00Z", 409), ("2020-01-31T00:00:00Z", 200)] {
            wanted["subscriptions"][0]["since"] = since.into();
            let reply = apply(&home, &admin, &wanted).await;
            assert_eq!(reply.status(), status, "{since}: {reply}");
        }
    });
}

#[test]
fn those_whom_it_concerns_are_told() {
    each_database(async |home| {
        let admin = ready(&home).await;
        assert_eq!(apply(&home, &admin, &shop()).await.status(), 200);
        let (buyer, _) = home.member(&admin, "buyer@example.com", "blue", "developer").await;
        let (seller, _) = home.member(&admin, "seller@example.com", "red", "owner").await;
        let told = async |who: &Proof| {
            let all = home.get(who, "/api/v1/notifications").await.json()["notifications"].clone();
            let one = |note: &Value| {
                let reason = note["details"]["reason"].as_str().unwrap_or_default();
                format!("{} {reason}", note["kind"].as_str().unwrap_or_default())
            };
            let mut all: Vec<String> = all.as_array().unwrap().iter().map(one).collect();
            // Of one moment they are in no order.
            all.sort();
            all.join(", ")
        };
        let answers = json!({ "answers": { "purpose": "tills" } });
        let asked = with(subscription("asks", "pending"), answers);
        for (wanted, reason) in [
            (asked, Value::Null),
            (subscription("asks", "active"), Value::Null),
            (subscription("asks", "suspended"), json!("unpaid")),
            (subscription("asks", "cancelled"), json!("it is over")),
        ] {
            let body = json!({ "subscriptions": [wanted], "reason": reason });
            let reply = apply(&home, &admin, &body).await;
            assert_eq!((reply.status(), &reply.json()["changes"]), (200, &json!(1)), "{reply}");
        }
        assert_eq!(
            told(&buyer).await,
            "subscription_approved , subscription_cancelled it is over, subscription_suspended unpaid"
        );
        assert_eq!(
            told(&seller).await,
            "subscription_cancelled it is over, subscription_requested "
        );
    });
}

#[test]
fn a_life_goes_by_file_as_it_goes_by_its_moves() {
    each_database(async |home| {
        let admin = ready(&home).await;
        let orders = |life: Value| {
            let config = with(json!({ "http": { "upstream": "u" } }), life);
            json!({ "objects": [{ "kind": "service", "name": "orders", "config": config }] })
        };
        let end = json!({ "deprecated_at": "2021-01-01T00:00:00Z" });
        let ended = |state: &str| with(json!({ "state": state }), end.clone());
        let steps = [
            (json!({ "state": "draft" }), Ok("create_service")),
            (ended("deprecated"), Err(("/state", "it is draft; :deprecate is for one"))),
            (json!({ "state": "draft", "suspended": true }), Err(("/reason", "say why"))),
            (json!({ "state": "published" }), Ok("publish_service")),
            (
                json!({ "state": "archived" }),
                Err(("/state", "it is published; :archive is for one")),
            ),
            (ended("retired"), Err(("/state", "it is published; :retire is for one"))),
            (ended("deprecated"), Ok("deprecate_service")),
            (
                json!({ "state": "retired" }),
                Err(("/deprecated_at", "it is retired; :deprecate is")),
            ),
            (ended("retired"), Ok("retire_service")),
            (
                json!({ "state": "published" }),
                Err(("/state", "it is retired; :publish is for one")),
            ),
            (ended("archived"), Ok("archive_service")),
        ];
        for (life, outcome) in steps {
            let reply = apply(&home, &admin, &orders(life.clone())).await;
            match outcome {
                Ok(action) => {
                    assert_eq!(reply.status(), 200, "{life}: {reply}");
                    let actions = home.actions(&admin).await;
                    assert!(actions[..3].iter().any(|one| one == action), "{life}: {actions:?}");
                }
                Err((pointer, message)) => {
                    let detail = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
                    assert!(detail.starts_with(message), "{life}: {reply}");
                    assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{life}: {reply}");
                }
            }
        }
    });
}

#[test]
fn what_is_published_by_file_gets_a_product_and_loses_it_again() {
    each_database(async |home| {
        let admin = ready(&home).await;
        let service = |name: &str, state: &str| {
            let config = json!({ "http": { "upstream": "u" }, "state": state });
            json!({ "kind": "service", "name": name, "config": config })
        };
        let products = async || {
            let all = home.get(&admin, "/api/v1/products").await.json()["products"].clone();
            let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
            all.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
        };
        let bundled = json!({ "kind": "product", "name": "both", "config": { "services": ["b"] } });
        let objects = json!([service("a", "draft"), service("b", "published"), bundled]);
        let reply = apply(&home, &admin, &json!({ "objects": objects })).await;
        assert_eq!(reply.status(), 200, "{reply}");
        assert_eq!(products().await, ["both"], "a draft has none, and what is in one gets none");
        let published =
            json!({ "objects": [service("a", "published"), service("c", "published")] });
        let reply = apply(&home, &admin, &published).await;
        assert_eq!((reply.status(), &reply.json()["changes"]), (200, &json!(4)), "{reply}");
        assert_eq!(products().await, ["a", "both", "c"]);
        let gone = json!({ "objects": [{ "kind": "service", "name": "a", "config": null }] });
        assert_eq!(apply(&home, &admin, &gone).await.status(), 200);
        assert_eq!(products().await, ["both", "c"]);
    });
}

#[test]
fn the_audit_log_has_how_each_thing_was_and_is_without_secrets() {
    each_database(async |home| {
        let admin = ready(&home).await;
        let consumer = |key: &str| {
            let config = json!({ "credentials": [{ "api_key": key }] });
            json!({ "objects": [{ "kind": "consumer", "name": "app", "config": config }] })
        };
        assert_eq!(apply(&home, &admin, &consumer("first-key-0123456789")).await.status(), 200);
        let mut second = consumer("second-key-0123456789");
        second["applications"] = json!([{ "name": "tills", "description": "old" }]);
        assert_eq!(apply(&home, &admin, &second).await.status(), 200);
        let third = json!({ "applications": [{ "name": "tills", "description": "new" }] });
        assert_eq!(apply(&home, &admin, &third).await.status(), 200);
        let log = home.get(&admin, "/api/v1/audit?kind=application").await.json();
        let row = &log["audit"][0];
        assert_eq!(row["action"], "update_application", "{log}");
        let of = |side: &str| row[side]["description"].clone();
        assert_eq!((of("before"), of("after")), (json!("old"), json!("new")), "{row}");
        let log = home.get(&admin, "/api/v1/audit?kind=consumer").await;
        let row = &log.json()["audit"][0];
        assert_eq!(row["action"], "update_consumer", "{log}");
        assert!(row["before"].is_object() && row["after"].is_object(), "{log}");
        assert!(!log.to_string().contains("-key-0123456789"), "{log}");
    });
}

#[test]
fn two_who_make_the_same_do_not_write_over_each_other() {
    each_database(async |home| {
        let admin = ready(&home).await;
        let fresh = json!({ "if_none_match": "*" });
        let bodies = [
            ("teams", json!({ "name": "blue" }), "team blue"),
            (
                "objects",
                json!({ "kind": "service", "name": "a", "config": { "http": { "upstream": "u" } } }),
                "service a",
            ),
            ("applications", json!({ "name": "tills" }), "application tills"),
        ];
        for (key, one, what) in bodies {
            let body = json!({ key: [with(one.clone(), fresh.clone())] });
            assert_eq!(apply(&home, &admin, &body).await.status(), 200, "{what}");
            let again = apply(&home, &admin, &body).await;
            let told = (again.status(), again.code());
            assert_eq!(told, (412, "precondition_failed".to_owned()), "{again}");
            assert_eq!(again.json()["detail"], format!("{what} is there already"));
            let odd = json!({ key: [with(one.clone(), json!({ "if_none_match": "x" }))] });
            let odd = apply(&home, &admin, &odd).await;
            refused(&odd, 422, "value_out_of_range", &format!("/{key}/0/if_none_match"));
            let stale = json!({ key: [with(one, json!({ "if_match": "\"x.1\"" }))] });
            let stale = apply(&home, &admin, &stale).await;
            assert_eq!(stale.json()["detail"], format!("{what} has changed since it was read"));
        }
        let shop = shop();
        let shop = json!({ "teams": shop["teams"], "objects": shop["objects"] });
        assert_eq!(apply(&home, &admin, &shop).await.status(), 200);
        let body = json!({ "subscriptions": [with(subscription("gold", "active"), fresh)] });
        assert_eq!(apply(&home, &admin, &body).await.status(), 200);
        let again = apply(&home, &admin, &body).await;
        assert_eq!(again.json()["detail"], "the subscription of tills to gold is there already");
    });
}

#[test]
fn what_ends_is_told_with_a_bound() {
    each_database(async |home| {
        let admin = ready(&home).await;
        let mut wanted = shop();
        let name = |at: usize| format!("app-{at:03}");
        wanted["applications"] = (0..201).map(|at| json!({ "name": name(at) })).collect();
        wanted["subscriptions"] = (0..201)
            .map(|at| json!({ "application": name(at), "plan": "gold", "state": "active" }))
            .collect();
        assert_eq!(apply(&home, &admin, &wanted).await.status(), 200);
        let gone = |ends: bool| {
            json!({
                "objects": [{ "kind": "plan", "name": "gold", "config": null }],
                "end_subscriptions": ends,
            })
        };
        let refused = apply(&home, &admin, &gone(false)).await;
        assert_eq!(refused.json()["errors"].as_array().map(Vec::len), Some(200));
        assert!(refused.to_string().contains("201 subscriptions are to plans"), "{refused}");
        let done = apply(&home, &admin, &gone(true)).await.json();
        assert_eq!(done["ended_subscriptions"].as_array().map(Vec::len), Some(200));
        assert_eq!(done["ended_subscriptions_count"], 201, "{done}");
    });
}
