//! Applications, their keys and subscriptions through the API: who may, what is shown once, who
//! decides, and who is told.

use std::time::Duration;

use architrave_config::object::ObjectKind;
use serde_json::{Value, json};

use crate::gateway::Reply;
use crate::home::{Home, Proof, each_database};

/// The makers of a product with two plans, the buyers of it, and somebody who shall see nothing.
struct Market {
    admin: Proof,
    maker: Proof,
    buyer: Proof,
    other: Proof,
}

async fn made(home: &Home, proof: &Proof, path: &str, body: &Value) -> Value {
    let reply = home.send(proof, "POST", &format!("/api/v1/{path}"), body).await;
    assert_eq!(reply.status(), 201, "{path}: {reply}");
    reply.json()
}

async fn market(home: &Home) -> Market {
    let admin = home.set_up().await;
    for team in ["makers", "buyers", "others"] {
        made(home, &admin, "teams", &json!({ "name": team })).await;
    }
    let (maker, _) = home.member(&admin, "maker@example.com", "makers", "owner").await;
    let (buyer, _) = home.member(&admin, "buyer@example.com", "buyers", "developer").await;
    let (other, _) = home.member(&admin, "other@example.com", "others", "owner").await;
    let upstream = json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] });
    made(home, &maker, "upstreams?team=makers", &upstream).await;
    let service = json!({ "name": "orders", "http": { "upstream": "orders" } });
    made(home, &maker, "services?team=makers", &service).await;
    let product = json!({
        "name": "shop", "services": ["orders"], "visibility": "teams", "shared_with": ["buyers"],
    });
    made(home, &maker, "products?team=makers", &product).await;
    made(home, &maker, "plans?team=makers", &json!({ "name": "free", "product": "shop" })).await;
    let gold = json!({
        "name": "gold", "product": "shop", "approval": "by_hand",
        "questions": [{ "name": "purpose", "label": "What is it for?", "required": true }],
    });
    made(home, &maker, "plans?team=makers", &gold).await;
    made(home, &buyer, "applications?team=buyers", &json!({ "name": "tills" })).await;
    Market { admin, maker, buyer, other }
}

async fn subscribe(home: &Home, proof: &Proof, plan: &str, answers: Value) -> Reply {
    let body = json!({ "plan": plan, "answers": answers });
    home.send(proof, "POST", "/api/v1/applications/tills/subscriptions", &body).await
}

async fn step(home: &Home, proof: &Proof, id: &str, verb: &str, reason: &str) -> Reply {
    let path = format!("/api/v1/subscriptions/{id}:{verb}");
    home.send(proof, "POST", &path, &json!({ "reason": reason })).await
}

fn names(reply: &Reply, list: &str, key: &str) -> Vec<String> {
    let items = reply.json()[list].as_array().unwrap().clone();
    items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_service_in_use_does_not_lose_its_plans_by_what_is_done_to_others() {
    each_database(async |home| {
        let Market { admin, maker, .. } = market(&home).await;
        let (maintainer, _) = home.member(&admin, "m@example.com", "makers", "maintainer").await;
        let listener = json!({ "name": "web", "address": "127.0.0.1:0", "protocol": "http" });
        made(&home, &admin, "listeners", &listener).await;
        let route = json!({ "name": "orders", "service": "orders" });
        made(&home, &admin, "routes?team=makers", &route).await;
        made(&home, &maker, "products?team=makers", &json!({ "name": "other", "services": [] }))
            .await;
        let gone = home.change(&maker, "DELETE", "/api/v1/plans/gold", &Value::Null).await;
        assert_eq!(gone.status(), 204, "another plan is left: {gone}");
        let none = json!({ "services": [] });
        let elsewhere = json!({ "product": "other" });
        for (method, path, body) in [
            ("PATCH", "/api/v1/products/shop", &none),
            ("PATCH", "/api/v1/plans/free", &elsewhere),
            ("DELETE", "/api/v1/plans/free", &Value::Null),
        ] {
            for who in [&maintainer, &maker] {
                let refused = home.change(who, method, path, body).await;
                assert_eq!((refused.status(), refused.code().as_str()), (409, "object_in_use"));
                assert_eq!(refused.json()["errors"][0]["object"], "services/orders", "{refused}");
            }
        }
        // Nor does its route lead to one that is open.
        let open = json!({ "name": "open", "http": { "upstream": "orders" } });
        made(&home, &maker, "services?team=makers", &open).await;
        let to_open = json!({ "service": "open" });
        let path = "/api/v1/routes/orders";
        let refused = home.change(&maintainer, "PATCH", path, &to_open).await;
        assert_eq!((refused.status(), refused.code().as_str()), (409, "object_in_use"));
        // Where a policy asks who calls, plans are no lock.
        let guarded = json!({ "policies": { "key_auth": {} } });
        let reply = home.change(&maintainer, "PATCH", "/api/v1/services/open", &guarded).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let reply = home.change(&maintainer, "PATCH", path, &to_open).await;
        assert_eq!(reply.status(), 200, "{reply}");
        // And whom nobody gets to is open to nobody.
        let reply = home.change(&maintainer, "PATCH", "/api/v1/products/shop", &none).await;
        assert_eq!(reply.status(), 200, "{reply}");
    });
}

#[test]
fn a_plan_with_subscriptions_stays_with_its_product() {
    each_database(async |home| {
        let Market { maker, buyer, .. } = market(&home).await;
        made(&home, &maker, "products?team=makers", &json!({ "name": "other", "services": [] }))
            .await;
        subscribe(&home, &buyer, "free", json!({})).await;
        let elsewhere = json!({ "product": "other" });
        let path = "/api/v1/plans/free";
        let refused = home.change(&maker, "PATCH", path, &elsewhere).await;
        assert_eq!((refused.status(), refused.code().as_str()), (409, "object_in_use"));
        assert_eq!(refused.json()["errors"][0]["pointer"], "/product", "{refused}");
    });
}

#[test]
fn products_are_seen_by_those_to_whom_they_are_offered() {
    each_database(async |home| {
        let Market { maker, buyer, other, .. } = market(&home).await;
        for (proof, products, plans, status) in [
            (&maker, &["shop"][..], &["free", "gold"][..], 200),
            (&buyer, &["shop"], &["free", "gold"], 200),
            (&other, &[], &[], 404),
        ] {
            let listed = home.get(proof, "/api/v1/products").await;
            assert_eq!(names(&listed, "products", "name"), products);
            let listed = home.get(proof, "/api/v1/plans").await;
            assert_eq!(names(&listed, "plans", "name"), plans);
            assert_eq!(home.get(proof, "/api/v1/products/shop").await.status(), status);
            assert_eq!(home.get(proof, "/api/v1/plans/gold").await.status(), status);
        }
        // To see is not to change.
        let reply = home.send(&buyer, "PUT", "/api/v1/products/shop", &json!({})).await;
        assert_eq!(reply.status(), 404, "{reply}");
        // Once it is for everybody, the others see it too.
        let wider = json!({ "visibility": "signed_in", "shared_with": null });
        let reply = home.change(&maker, "PATCH", "/api/v1/products/shop", &wider).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let listed = home.get(&other, "/api/v1/plans").await;
        assert_eq!(names(&listed, "plans", "name"), ["free", "gold"]);
    });
}

#[test]
fn a_product_shows_of_its_services_those_that_whoever_asks_sees() {
    each_database(async |mut home| {
        let Market { maker, buyer, .. } = market(&home).await;
        let open =
            json!({ "name": "stock", "http": { "upstream": "orders" }, "visibility": "public" });
        made(&home, &maker, "services?team=makers", &open).await;
        let both = json!({ "services": ["orders", "stock"] });
        let told = home.change(&maker, "PATCH", "/api/v1/products/shop", &both).await;
        let warnings = told.json()["warnings"].to_string();
        assert!(
            warnings.contains("orders, which is private") && !warnings.contains("stock"),
            "{told}"
        );
        let some = json!({ "operations": {
            "orders": [{ "methods": ["GET"], "path": { "exact": "/a" } }],
            "stock": [{ "methods": ["GET"], "path": { "exact": "/b" } }],
        } });
        let reply = home.change(&maker, "PATCH", "/api/v1/plans/free", &some).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let services = async |home: &Home, who: &Proof| {
            let shown = home.get(who, "/api/v1/products/shop").await;
            let listed = home.get(who, "/api/v1/products").await.json();
            let config = shown.json()["config"].clone();
            assert_eq!(listed["products"][0]["config"], config, "{listed}");
            let plan = home.get(who, "/api/v1/plans/free").await.json();
            let named = plan["config"]["operations"].as_object().unwrap();
            let named: Vec<&String> = named.keys().collect();
            assert_eq!(config["services"], json!(named), "{plan}");
            (config["services"].clone(), shown.header("etag").is_some())
        };
        assert_eq!(services(&home, &maker).await, (json!(["orders", "stock"]), true));
        assert_eq!(services(&home, &buyer).await, (json!(["stock"]), false));
        let shared = json!({ "visibility": "teams", "shared_with": ["buyers"] });
        let shared = home.change(&maker, "PATCH", "/api/v1/services/orders", &shared).await;
        assert_eq!(shared.status(), 200, "{shared}");
        assert_eq!(services(&home, &buyer).await, (json!(["orders", "stock"]), true));
        let back = json!({ "visibility": "private", "shared_with": null });
        home.change(&maker, "PATCH", "/api/v1/services/orders", &back).await;
        home.turn_to_portal();
        assert_eq!(services(&home, &buyer).await, (json!(["stock"]), false));
        assert_eq!(services(&home, &maker).await, (json!(["orders", "stock"]), true));
    });
}

#[test]
fn a_team_sees_its_applications_and_no_others() {
    each_database(async |home| {
        let Market { admin, maker, buyer, other } = market(&home).await;
        made(&home, &other, "applications", &json!({ "name": "own" })).await;
        for (proof, seen) in [
            (&admin, &["own", "tills"][..]),
            (&maker, &[]),
            (&buyer, &["tills"]),
            (&other, &["own"]),
        ] {
            let listed = home.get(proof, "/api/v1/applications").await;
            assert_eq!(names(&listed, "applications", "name"), seen);
        }
        let first = home.get(&admin, "/api/v1/applications?page_size=1").await;
        let token = first.json()["next_page_token"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/applications?page_size=1&page_token={token}");
        let second = home.get(&admin, &path).await;
        assert_eq!(names(&second, "applications", "name"), ["tills"]);
        assert_eq!(second.json()["next_page_token"], Value::Null);
        let own = json!({ "name": "own" });
        let taken = home.send(&buyer, "POST", "/api/v1/applications", &own).await;
        assert_eq!(taken.code(), "name_taken");
        for path in ["", "/credentials", "/subscriptions"] {
            let reply = home.get(&other, &format!("/api/v1/applications/tills{path}")).await;
            assert_eq!((reply.status(), &*reply.code()), (404, "application_not_found"), "{path}");
        }
        let patch = json!({ "description": "of all shops" });
        let reply = home.change(&buyer, "PATCH", "/api/v1/applications/tills", &patch).await;
        assert_eq!((reply.status(), &reply.json()["revision"]), (200, &json!(2)));
        let gone = home.change(&buyer, "DELETE", "/api/v1/applications/tills", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
        assert_eq!(home.get(&buyer, "/api/v1/applications/tills").await.status(), 404);
    });
}

#[test]
fn no_application_has_the_name_of_a_consumer_or_of_one_of_the_file() {
    each_database(async |home| {
        let Market { admin, buyer, .. } = market(&home).await;
        let consumer = json!({ "credentials": [{ "api_key": "a-secret-key-0123456" }] });
        home.desired.lay_over(ObjectKind::Consumer, "mobile", {
            let mut body = consumer;
            body["name"] = json!("mobile");
            body
        });
        let path = "/api/v1/applications?team=buyers";
        let reply = home.send(&buyer, "POST", path, &json!({ "name": "mobile" })).await;
        assert_eq!((reply.status(), &*reply.code()), (409, "name_taken"));
        let reply = home.send(&admin, "POST", path, &json!({ "name": "No Name" })).await;
        assert_eq!((reply.status(), &*reply.code()), (422, "value_out_of_range"));
    });
}

#[test]
fn a_key_is_shown_once_and_known_by_its_digest() {
    each_database(async |home| {
        let Market { admin, buyer, .. } = market(&home).await;
        let path = "/api/v1/applications/tills/credentials";
        let dry = format!("{path}?validate_only=true");
        let tried = home.send(&buyer, "POST", &dry, &json!({})).await;
        assert_eq!(tried.json()["secret"], Value::Null);
        let reply = home.send(&buyer, "POST", path, &json!({ "name": "till 1" })).await;
        assert_eq!(reply.status(), 201, "{reply}");
        let secret = reply.json()["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("arc_key_") && secret.len() == 46, "{secret}");
        let listed = home.get(&buyer, path).await;
        assert!(!listed.text().contains(&secret));
        let shown = &listed.json()["credentials"][0];
        assert_eq!(shown["last4"], secret[42..]);
        let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
        let news = home.store.application_news(0).await.unwrap();
        assert_eq!(news.there[0].keys[0].0, digest.as_ref());
        // It is no token of this API, and nowhere in the audit log.
        let reply = home.get(&Proof::Token(secret.clone()), "/api/v1/applications").await;
        assert_eq!(reply.status(), 401);
        assert!(!home.get(&admin, "/api/v1/audit?page_size=200").await.text().contains(&secret));
        let over = json!({ "expires_at": "2026-05-17T08:00:00Z" });
        let reply = home.send(&buyer, "POST", path, &over).await;
        assert_eq!((reply.status(), &*reply.code()), (422, "value_out_of_range"));
    });
}

#[test]
fn a_rotated_key_goes_on_for_its_grace_and_a_revoked_one_does_not() {
    each_database(async |home| {
        let Market { admin, buyer, .. } = market(&home).await;
        let path = "/api/v1/applications/tills/credentials";
        let first = home.send(&buyer, "POST", path, &json!({})).await.json();
        let id = first["credential"]["id"].as_str().unwrap().to_owned();
        let rotate = json!({ "grace": "1h" });
        let reply = home.send(&buyer, "POST", &format!("{path}/{id}:rotate"), &rotate).await;
        assert_eq!(reply.status(), 201, "{reply}");
        let (new, old) = (&reply.json()["credential"], &reply.json()["replaces"]);
        assert_ne!(reply.json()["secret"], first["secret"]);
        assert_eq!((&new["expires_at"], &new["name"]), (&Value::Null, &json!("key")));
        assert_eq!(old["id"], id.as_str());
        let now = home.clock.wall();
        let ends = |news: architrave_store::ApplicationNews| -> Vec<Option<i64>> {
            let mut ends: Vec<_> = news.there[0].keys.iter().map(|(_, end)| *end).collect();
            ends.sort_unstable();
            ends
        };
        let end = now.duration_since(std::time::UNIX_EPOCH).unwrap() + Duration::from_secs(3_600);
        let end = i64::try_from(end.as_micros()).unwrap();
        assert_eq!(ends(home.store.application_news(0).await.unwrap()), [None, Some(end)]);
        let new = new["id"].as_str().unwrap().to_owned();
        let reply = home.send(&buyer, "POST", &format!("{path}/{new}:revoke"), &Value::Null).await;
        assert!(reply.json()["revoked_at"].is_string(), "{reply}");
        assert_eq!(ends(home.store.application_news(0).await.unwrap()), [Some(end)]);
        let reply = home.send(&buyer, "POST", &format!("{path}/{new}:rotate"), &json!({})).await;
        assert_eq!((reply.status(), &*reply.code()), (409, "state_not_fitting"));
        for grace in ["a while", "9999h"] {
            let body = json!({ "grace": grace });
            let reply = home.send(&buyer, "POST", &format!("{path}/{id}:rotate"), &body).await;
            assert_eq!((reply.status(), &*reply.code()), (422, "value_out_of_range"), "{grace}");
        }
        let actions = home.actions(&admin).await;
        assert_eq!(actions[..3], ["revoke_credential", "rotate_credential", "create_credential"]);
    });
}

#[test]
fn a_plan_that_approves_by_itself_is_active_at_once() {
    each_database(async |home| {
        let Market { buyer, other, .. } = market(&home).await;
        let reply = subscribe(&home, &buyer, "free", json!({})).await;
        assert_eq!((reply.status(), &reply.json()["state"]), (201, &json!("active")));
        assert_eq!(reply.json()["product"], "shop");
        let again = subscribe(&home, &buyer, "free", json!({})).await;
        assert_eq!((again.status(), &*again.code()), (409, "name_taken"));
        let news = home.store.application_news(0).await.unwrap();
        let (plan, state, _since) = &news.there[0].subscriptions[0];
        assert_eq!((plan.as_str(), state.as_str()), ("free", "active"));
        // Who does not see the product is told that there is no such plan.
        made(&home, &other, "applications", &json!({ "name": "own" })).await;
        let body = json!({ "plan": "free" });
        let path = "/api/v1/applications/own/subscriptions";
        let reply = home.send(&other, "POST", path, &body).await;
        assert_eq!((reply.status(), &*reply.code()), (422, "value_out_of_range"));
        // The plan cannot go while somebody uses it.
    });
}

#[test]
fn a_request_lands_in_the_inbox_is_approved_and_both_sides_are_told() {
    each_database(async |home| {
        let Market { admin, maker, buyer, other } = market(&home).await;
        let unanswered = subscribe(&home, &buyer, "gold", json!({ "color": "red" })).await;
        assert_eq!(unanswered.status(), 422, "{unanswered}");
        let pointers: Vec<Value> = unanswered.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["pointer"].clone())
            .collect();
        assert_eq!(pointers, ["/answers/color", "/answers"]);
        let reply = subscribe(&home, &buyer, "gold", json!({ "purpose": "tills" })).await;
        assert_eq!((reply.status(), &reply.json()["state"]), (201, &json!("pending")));
        let id = reply.json()["id"].as_str().unwrap().to_owned();

        let told = home.get(&maker, "/api/v1/notifications?unread=true").await;
        assert_eq!(names(&told, "notifications", "kind"), ["subscription_requested"]);
        assert_eq!(told.json()["notifications"][0]["subject"], id.as_str());
        for (proof, inbox) in [(&maker, 1), (&buyer, 1), (&admin, 1), (&other, 0)] {
            let listed = home.get(proof, "/api/v1/subscriptions?state=pending").await;
            assert_eq!(listed.json()["subscriptions"].as_array().unwrap().len(), inbox);
        }
        let hidden = home.get(&other, &format!("/api/v1/subscriptions/{id}")).await;
        assert_eq!((hidden.status(), &*hidden.code()), (404, "subscription_not_found"));
        let refused = step(&home, &buyer, &id, "approve", "please").await;
        assert_eq!((refused.status(), &*refused.code()), (403, "not_permitted"));

        let approved = step(&home, &maker, &id, "approve", "welcome").await;
        assert_eq!((approved.status(), &approved.json()["state"]), (200, &json!("active")));
        let told = home.get(&buyer, "/api/v1/notifications").await;
        let note = &told.json()["notifications"][0];
        assert_eq!(
            (&note["kind"], &note["details"]["reason"]),
            (&json!("subscription_approved"), &json!("welcome"),)
        );
        let note = note["id"].as_str().unwrap();
        let path = format!("/api/v1/notifications/{note}:read");
        let read = home.send(&buyer, "POST", &path, &Value::Null).await;
        assert!(read.json()["read_at"].is_string());
        let unread = home.get(&buyer, "/api/v1/notifications?unread=true").await;
        assert_eq!(names(&unread, "notifications", "id"), Vec::<String>::new());
        let others = home.send(&maker, "POST", &path, &Value::Null).await;
        assert_eq!((others.status(), &*others.code()), (404, "notification_not_found"));

        for (verb, proof, state) in [
            ("suspend", &maker, "suspended"),
            ("resume", &maker, "active"),
            ("cancel", &buyer, "cancelled"),
        ] {
            let moved = step(&home, proof, &id, verb, "quiet").await;
            assert_eq!(moved.json()["state"], state, "{moved}");
        }
        let over = step(&home, &maker, &id, "resume", "").await;
        assert_eq!((over.status(), &*over.code()), (409, "state_not_fitting"));
        let told = home.get(&maker, "/api/v1/notifications").await;
        // Both are of the same moment.
        let mut kinds = names(&told, "notifications", "kind");
        kinds.sort_unstable();
        assert_eq!(kinds, ["subscription_cancelled", "subscription_requested"]);
        let actions = home.actions(&admin).await;
        for action in ["approve", "suspend", "resume", "cancel", "create"] {
            assert!(actions.contains(&format!("{action}_subscription")), "{action}");
        }
    });
}

#[test]
fn a_rejected_application_may_ask_again() {
    each_database(async |home| {
        let Market { maker, buyer, .. } = market(&home).await;
        let answers = json!({ "purpose": "tills" });
        let first = subscribe(&home, &buyer, "gold", answers.clone()).await.json();
        let id = first["id"].as_str().unwrap();
        let rejected = step(&home, &maker, id, "reject", "say more").await;
        assert_eq!(rejected.json()["reason"], "say more");
        assert_eq!(subscribe(&home, &buyer, "gold", answers).await.status(), 201);
        let path = "/api/v1/applications/tills/subscriptions";
        let listed = home.get(&buyer, path).await;
        let mut states = names(&listed, "subscriptions", "state");
        states.sort_unstable();
        assert_eq!(states, ["pending", "rejected"]);
    });
}

#[test]
fn nobody_begins_with_what_ends_and_nothing_goes_that_is_used() {
    each_database(async |home| {
        let Market { maker, buyer, .. } = market(&home).await;
        assert_eq!(subscribe(&home, &buyer, "free", json!({})).await.status(), 201);
        let path = "/api/v1/services/orders:deprecate";
        let reply = home.send(&maker, "POST", path, &json!({ "sunset_at": "2027-01-01" })).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let refused = subscribe(&home, &buyer, "gold", json!({ "purpose": "tills" })).await;
        assert_eq!((refused.status(), &*refused.code()), (409, "plan_not_open"));
        assert!(refused.text().contains("orders is deprecated"), "{refused}");
        let used = home.change(&maker, "DELETE", "/api/v1/plans/free", &Value::Null).await;
        assert_eq!((used.status(), &*used.code()), (409, "object_in_use"));
        let unused = home.change(&maker, "DELETE", "/api/v1/plans/gold", &Value::Null).await;
        assert_eq!(unused.status(), 204, "{unused}");
    });
}

#[test]
fn a_plan_for_teams_is_for_their_applications() {
    each_database(async |home| {
        let Market { maker, buyer, .. } = market(&home).await;
        let plan = json!({
            "name": "inner", "product": "shop", "subscribers": { "teams": ["makers"] },
        });
        made(&home, &maker, "plans?team=makers", &plan).await;
        let refused = subscribe(&home, &buyer, "inner", json!({})).await;
        assert_eq!((refused.status(), &*refused.code()), (409, "plan_not_open"));
        made(&home, &maker, "applications?team=makers", &json!({ "name": "mine" })).await;
        let path = "/api/v1/applications/mine/subscriptions";
        let reply = home.send(&maker, "POST", path, &json!({ "plan": "inner" })).await;
        assert_eq!(reply.status(), 201, "{reply}");
    });
}

#[test]
fn a_team_offers_its_own_services_alone() {
    each_database(async |home| {
        let Market { maker, other, .. } = market(&home).await;
        let product = json!({ "name": "loot", "services": ["orders"] });
        let reply = home.send(&other, "POST", "/api/v1/products?team=others", &product).await;
        assert_eq!((reply.status(), &*reply.code()), (403, "reach_not_permitted"));
        let plan = json!({ "name": "loot", "product": "shop" });
        let reply = home.send(&other, "POST", "/api/v1/plans?team=others", &plan).await;
        assert_eq!((reply.status(), &*reply.code()), (403, "reach_not_permitted"));
        for url in ["http://127.0.0.1:9/keys", "http://localhost/keys"] {
            let jwt = json!({ "jwks_url": url, "issuer": "a", "audience": "b" });
            let plan =
                json!({ "name": "signed", "product": "shop", "credentials": { "jwt": jwt } });
            let reply = home.send(&maker, "POST", "/api/v1/plans?team=makers", &plan).await;
            assert_eq!((reply.status(), &*reply.code()), (403, "reach_not_permitted"), "{url}");
        }
    });
}

#[test]
fn a_service_that_is_published_alone_gets_a_product_and_takes_it_along() {
    each_database(async |home| {
        let Market { maker, .. } = market(&home).await;
        let draft = |name: &str| json!({ "name": name, "http": { "upstream": "orders" }, "state": "draft" });
        made(&home, &maker, "services?team=makers", &draft("alone")).await;
        assert_eq!(home.get(&maker, "/api/v1/products/alone").await.status(), 404);
        let path = "/api/v1/services/alone:publish";
        let reply = home.send(&maker, "POST", path, &Value::Null).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let product = home.get(&maker, "/api/v1/products/alone").await.json();
        assert_eq!(
            (&product["team"], &product["config"]["services"]),
            (&json!("makers"), &json!(["alone"]),)
        );
        let gone = home.change(&maker, "DELETE", "/api/v1/services/alone", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
        assert_eq!(home.get(&maker, "/api/v1/products/alone").await.status(), 404);
        // What is part of a product already needs no other.
        let path = "/api/v1/services/orders:withdraw";
        assert_eq!(home.send(&maker, "POST", path, &Value::Null).await.status(), 200);
        let path = "/api/v1/services/orders:publish";
        assert_eq!(home.send(&maker, "POST", path, &Value::Null).await.status(), 200);
        assert_eq!(home.get(&maker, "/api/v1/products/orders").await.status(), 404);
    });
}

#[test]
fn what_is_left_of_limits_is_told_to_whom_the_application_belongs() {
    each_database(async |home| {
        let Market { admin, maker, buyer, other } = market(&home).await;
        made(&home, &other, "applications", &json!({ "name": "own" })).await;
        let path = "/api/v1/applications/tills/limits";
        for (proof, status) in [(&admin, 200), (&buyer, 200), (&maker, 404), (&other, 404)] {
            assert_eq!(home.get(proof, path).await.status(), status);
        }
        let own = home.get(&other, "/api/v1/applications/own/limits").await.json();
        assert_eq!(own, json!({ "application": "own", "subscriptions": [] }));
        let told = home.get(&buyer, path).await.json();
        let subscription = &told["subscriptions"][0];
        assert_eq!(
            (&subscription["plan"], &subscription["product"], &subscription["state"]),
            (&json!("free"), &json!("shop"), &json!("active"))
        );
        let limits = subscription["limits"].as_array().unwrap();
        assert_eq!(
            limits[0],
            json!({
                "kind": "rate_limit", "counted_for": "application", "unit": "requests",
                "limit": 1000, "used": 5, "reserved": 0, "left": 995, "window_seconds": 60,
                "per": null, "began_at": null, "renews_at": "2026-05-17T08:09:20.000000Z",
            })
        );
        assert_eq!(
            (&limits[1]["kind"], &limits[1]["left"], &limits[1]["renews_at"]),
            (&json!("parallel"), &json!(998), &Value::Null)
        );
        assert_eq!(
            limits[2],
            json!({
                "kind": "budget", "counted_for": "plan", "unit": "nano_usd",
                "limit": 1000, "used": 990, "reserved": 99, "left": 0, "window_seconds": 2678400,
                "per": "month", "began_at": "2026-05-01T00:00:00.000000Z",
                "renews_at": "2026-06-01T00:00:00.000000Z",
            })
        );
        assert_eq!((&limits[3]["counted_for"], &limits[3]["left"]), (&json!("team"), &json!(0)));
    });
}

#[test]
fn admins_set_what_a_team_may_use_up_and_its_members_see_it() {
    each_database(async |home| {
        let Market { admin, buyer, other, .. } = market(&home).await;
        let (owner, _) = home.member(&admin, "owner@example.com", "buyers", "owner").await;
        let path = "/api/v1/teams/buyers/budgets";
        let budgets = json!({ "budgets": [
            { "money": "12.50 USD", "per": "month" }, { "tokens": 5000, "per": "day" },
        ] });
        // Whom it is to hold cannot set it, whatever else they may do in the team.
        for (proof, status) in [(&owner, 403), (&buyer, 403), (&other, 404)] {
            assert_eq!(home.send(proof, "PUT", path, &budgets).await.status(), status);
        }
        let blind = home.send(&admin, "PUT", path, &budgets).await;
        assert_eq!((blind.status(), &*blind.code()), (428, "precondition_required"));
        let team = home.get(&admin, "/api/v1/teams/buyers").await;
        assert_eq!(team.json()["budgets"], json!([]));
        let tag = |team: &Reply| team.header("etag").expect("an etag").to_owned();
        let etag = tag(&team);
        for (wrong, pointer) in [
            (json!({ "budgets": [{ "tokens": 5, "per": "dya" }] }), "/budgets/0/per"),
            (json!({ "budgets": [{ "money": "5 EUR", "per": "day" }] }), "/budgets/0/money"),
            (json!({ "budgets": [{ "per": "day" }] }), "/budgets/0"),
            (
                json!({ "budgets": [{ "tokens": 5, "per": "day" }, { "tokens": 6, "per": "day" }] }),
                "/budgets/1",
            ),
        ] {
            let refused = home.send_with(&admin, "PUT", path, &[("if-match", &etag)], &wrong).await;
            assert_eq!((refused.status(), &*refused.code()), (422, "value_out_of_range"));
            assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{refused}");
        }
        let set = home.send_with(&admin, "PUT", path, &[("if-match", &etag)], &budgets).await;
        assert_eq!((set.status(), &set.json()["budgets"]), (200, &budgets["budgets"]), "{set}");
        let stored = home.store.team_budgets().await.unwrap();
        assert_eq!(stored, [("buyers".to_owned(), budgets["budgets"].clone())]);
        let stale = home.send_with(&admin, "PUT", path, &[("if-match", &etag)], &budgets).await;
        assert_eq!((stale.status(), &*stale.code()), (412, "precondition_failed"));
        let seen = home.get(&buyer, "/api/v1/teams/buyers").await.json();
        assert_eq!(seen["budgets"], budgets["budgets"]);
        // What else is changed of a team leaves them as they are.
        let renamed = json!({ "display_name": "All buyers" });
        let reply = home.change(&owner, "PATCH", "/api/v1/teams/buyers", &renamed).await;
        assert_eq!(reply.json()["budgets"], budgets["budgets"], "{reply}");
        for (proof, status) in [(&buyer, 200), (&admin, 200), (&other, 404)] {
            let reply = home.get(proof, "/api/v1/teams/buyers/limits").await;
            assert_eq!(reply.status(), status, "{reply}");
        }
        let told = home.get(&buyer, "/api/v1/teams/buyers/limits").await.json();
        assert_eq!(
            (&told["team"], &told["limits"][0]["counted_for"]),
            (&json!("buyers"), &json!("team"))
        );
        assert!(home.actions(&admin).await.contains(&"set_team_budgets".to_owned()));
        let etag = tag(&home.get(&admin, "/api/v1/teams/buyers").await);
        let none = json!({ "budgets": [] });
        let reply = home.send_with(&admin, "PUT", path, &[("if-match", &etag)], &none).await;
        assert_eq!((reply.status(), &reply.json()["budgets"]), (200, &json!([])), "{reply}");
        assert_eq!(home.store.team_budgets().await.unwrap(), []);
    });
}

#[test]
fn who_subscribes_finds_all_that_it_takes_on_the_portal_and_nothing_of_who_publishes() {
    each_database(async |mut home| {
        let Market { admin, maker, buyer, other } = market(&home).await;
        home.turn_to_portal();
        for (path, list, name) in [
            ("/api/v1/products", "products", "shop"),
            ("/api/v1/plans", "plans", "free"),
            ("/api/v1/teams", "teams", "buyers"),
        ] {
            assert_eq!(names(&home.get(&buyer, path).await, list, "name")[0], name);
        }
        made(&home, &buyer, "applications?team=buyers", &json!({ "name": "phones" })).await;
        let key = made(&home, &buyer, "applications/phones/credentials", &json!({})).await;
        let key = key["credential"]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/applications/phones/credentials/{key}:rotate");
        assert_eq!(home.send(&buyer, "POST", &path, &json!({})).await.status(), 201);
        let asked = json!({ "plan": "gold", "answers": { "purpose": "phones" } });
        let asked = made(&home, &buyer, "applications/phones/subscriptions", &asked).await;
        let id = asked["id"].as_str().unwrap().to_owned();
        for path in [
            "/api/v1/applications",
            "/api/v1/applications/phones/limits",
            "/api/v1/applications/phones/credentials",
            "/api/v1/applications/phones/subscriptions",
            "/api/v1/subscriptions",
            &format!("/api/v1/subscriptions/{id}"),
            "/api/v1/notifications",
            "/api/v1/teams/buyers/limits",
            "/api/v1/usage/top?by=application",
            "/api/v1/requests",
        ] {
            let reply = home.get(&buyer, path).await;
            assert_eq!(reply.status(), 200, "{path}: {reply}");
        }
        // Whoever decides does so elsewhere, be they admins.
        for proof in [&admin, &maker] {
            let reply = step(&home, proof, &id, "approve", "").await;
            assert_eq!((reply.status(), &*reply.code()), (404, "route_not_found"));
        }
        let cancelled = step(&home, &buyer, &id, "cancel", "").await;
        assert_eq!(cancelled.json()["state"], "cancelled", "{cancelled}");
        // What is behind a service is nobody's business here, not even its team's.
        let shown = home.get(&maker, "/api/v1/services/orders").await;
        assert_eq!(shown.json()["config"], json!({ "name": "orders" }), "{shown}");
        for path in ["/api/v1/services", "/api/v1/services/orders/versions"] {
            let listed = home.get(&admin, path).await;
            assert_eq!(listed.status(), 200, "{path}: {listed}");
            assert!(!listed.text().contains("upstream"), "{path}: {listed}");
        }
        assert_eq!(home.get(&other, "/api/v1/products/shop").await.status(), 404);
    });
}

#[test]
fn who_is_suspended_does_not_let_themselves_in_again() {
    each_database(async |home| {
        let Market { maker, buyer, .. } = market(&home).await;
        let id = subscribe(&home, &buyer, "free", json!({})).await.json()["id"].clone();
        let id = id.as_str().unwrap();
        let suspended = step(&home, &maker, id, "suspend", "too many tills").await;
        assert_eq!(suspended.json()["state"], "suspended", "{suspended}");
        // Not by ending it, nor by taking the application away and making it anew.
        let ended = step(&home, &buyer, id, "cancel", "never mind").await;
        assert_eq!((ended.status(), &*ended.code()), (409, "state_not_fitting"), "{ended}");
        let gone = home.change(&buyer, "DELETE", "/api/v1/applications/tills", &Value::Null).await;
        assert_eq!((gone.status(), &*gone.code()), (409, "object_in_use"), "{gone}");
        // Nor by another application, whose request is for somebody to look at.
        made(&home, &buyer, "applications?team=buyers", &json!({ "name": "tills-2" })).await;
        let path = "/api/v1/applications/tills-2/subscriptions";
        let other = home.send(&buyer, "POST", path, &json!({ "plan": "free" })).await;
        assert_eq!(other.json()["state"], "pending", "{other}");
        // The product's side may end it; then the plan is as open as to anybody.
        let ended = step(&home, &maker, id, "cancel", "settled").await;
        assert_eq!(ended.json()["state"], "cancelled", "{ended}");
        let again = subscribe(&home, &buyer, "free", json!({})).await;
        assert_eq!(again.json()["state"], "active", "{again}");
        let gone = home.change(&buyer, "DELETE", "/api/v1/applications/tills", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
    });
}

#[test]
fn a_key_that_has_ended_is_removed_from_the_list_and_no_other() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let made =
            home.send(&admin, "POST", "/api/v1/applications", &json!({ "name": "tills" })).await;
        assert_eq!(made.status(), 201, "{made}");
        let path = "/api/v1/applications/tills/credentials";
        let made = home.send(&admin, "POST", path, &json!({ "name": "main" })).await;
        let id = made.json()["credential"]["id"].as_str().unwrap().to_owned();
        let one = format!("{path}/{id}");
        let shown = home.get(&admin, &one).await;
        assert_eq!((shown.status(), &shown.json()["name"]), (200, &json!("main")), "{shown}");
        assert!(shown.json().get("secret").is_none(), "{shown}");
        let early = home.send(&admin, "DELETE", &one, &Value::Null).await;
        assert_eq!((early.status(), early.code().as_str()), (409, "state_not_fitting"), "{early}");
        home.send(&admin, "POST", &format!("{one}:revoke"), &Value::Null).await;
        let gone = home.send(&admin, "DELETE", &one, &Value::Null).await;
        assert_eq!((gone.status(), gone.text()), (204, ""));
        assert_eq!(home.get(&admin, &one).await.code(), "credential_not_found");
        let listed = home.get(&admin, path).await;
        assert_eq!(listed.json()["credentials"], json!([]));
        assert_eq!(home.actions(&admin).await[0], "delete_credential");
        let elsewhere = format!("/api/v1/applications/none/credentials/{id}");
        assert_eq!(home.send(&admin, "DELETE", &elsewhere, &Value::Null).await.status(), 404);
    });
}
