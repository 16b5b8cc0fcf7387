//! The life of services through the API: moved by custom methods, by whom the table lets, and
//! written down with the reason.

use serde_json::{Value, json};

use crate::home::{Home, Proof, each_database};

/// A team `blue` with an upstream and a draft of a service, and its owner and maintainer.
async fn team(home: &Home, admin: &Proof) -> (Proof, Proof) {
    home.send(admin, "POST", "/api/v1/teams", &json!({ "name": "blue" })).await;
    let (owner, _) = home.member(admin, "owner@example.com", "blue", "owner").await;
    let (maintainer, _) = home.member(admin, "main@example.com", "blue", "maintainer").await;
    let upstream = json!({ "name": "blue", "endpoints": [{ "address": "10.0.0.7:80" }] });
    let made = home.send(&maintainer, "POST", "/api/v1/upstreams?team=blue", &upstream).await;
    assert_eq!(made.status(), 201, "{made}");
    let service = json!({ "name": "orders", "http": { "upstream": "blue" }, "state": "draft" });
    let made = home.send(&maintainer, "POST", "/api/v1/services?team=blue", &service).await;
    assert_eq!(made.status(), 201, "{made}");
    (owner, maintainer)
}

async fn act(home: &Home, proof: &Proof, verb: &str, body: &Value) -> crate::gateway::Reply {
    home.send(proof, "POST", &format!("/api/v1/services/orders:{verb}"), body).await
}

#[test]
fn a_service_lives_from_draft_to_archive() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, maintainer) = team(&home, &admin).await;
        let refused = act(&home, &maintainer, "publish", &json!({})).await;
        assert_eq!((refused.status(), refused.code().as_str()), (403, "not_permitted"));
        assert_eq!(act(&home, &maintainer, "submit", &json!({})).await.status(), 200);
        let back = act(&home, &owner, "reject", &json!({ "reason": "no description" })).await;
        assert_eq!(back.json()["config"]["state"], "draft");
        act(&home, &maintainer, "submit", &json!({})).await;
        let published = act(&home, &owner, "publish", &json!({})).await;
        assert_eq!(published.json()["config"]["state"], "published");
        let terms = json!({
            "sunset_at": "2027-01-01", "successor": "/v2", "reason": "v2 is there",
            "brownouts": [{ "from": "2026-12-01T10:00:00Z", "until": "2026-12-01T11:00:00Z" }],
        });
        let old = act(&home, &owner, "deprecate", &terms).await;
        assert_eq!(old.status(), 200, "{old}");
        let config = &old.json()["config"];
        assert_eq!((&config["state"], &config["successor"]), (&json!("deprecated"), &json!("/v2")));
        assert!(config["deprecated_at"].as_str().unwrap().starts_with("2026-05-17T"));
        let moved = act(&home, &owner, "deprecate", &json!({ "successor": null })).await;
        assert_eq!(moved.json()["config"].get("successor"), None);
        assert_eq!(moved.json()["config"]["sunset_at"], "2027-01-01");
        for (verb, state) in [("suspend", "deprecated"), ("resume", "deprecated")] {
            let reply = act(&home, &maintainer, verb, &json!({ "reason": "a leak" })).await;
            assert_eq!(reply.json()["config"]["state"], state, "{reply}");
        }
        for (verb, state) in [("retire", "retired"), ("archive", "archived")] {
            let reply = act(&home, &owner, verb, &json!({})).await;
            assert_eq!(reply.json()["config"]["state"], state, "{reply}");
        }
        let actions = home.actions(&admin).await;
        let expected = [
            "archive_service",
            "retire_service",
            "resume_service",
            "suspend_service",
            "deprecate_service",
            "deprecate_service",
            "publish_service",
            "submit_service",
            "reject_service",
            "submit_service",
        ];
        assert_eq!(actions[..10], expected);
        let log = home.get(&admin, "/api/v1/audit?action=reject_service").await;
        assert!(log.text().contains("no description"), "{log}");
    });
}

#[test]
fn a_move_that_does_not_fit_changes_nothing_and_says_what_would() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, _) = team(&home, &admin).await;
        let early = act(&home, &owner, "retire", &json!({})).await;
        assert_eq!((early.status(), early.code().as_str()), (409, "state_not_fitting"));
        assert!(early.text().contains("it is draft; :retire is for one that is deprecated"));
        act(&home, &owner, "publish", &json!({})).await;
        let backwards = json!({ "deprecated_at": "2027-01-01", "sunset_at": "2026-01-01" });
        let refused = act(&home, &owner, "deprecate", &backwards).await;
        assert_eq!(refused.status(), 422, "{refused}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/sunset_at");
        let unknown = act(&home, &owner, "deprecate", &json!({ "sunset": "2027-01-01" })).await;
        assert_eq!(unknown.status(), 400, "{unknown}");
        let shown = home.get(&owner, "/api/v1/services/orders").await;
        assert_eq!(shown.json()["config"]["state"], "published");
        let dry = "/api/v1/services/orders:deprecate?validate_only=true";
        let tried = home.send(&owner, "POST", dry, &json!({})).await;
        assert_eq!((tried.status(), &tried.json()["config"]["state"]), (200, &json!("deprecated")));
        assert_eq!(home.get(&owner, "/api/v1/services/orders").await.json(), shown.json());
    });
}

#[test]
fn the_state_is_moved_by_nothing_else() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (_, maintainer) = team(&home, &admin).await;
        let path = "/api/v1/services/orders";
        for (who, patch) in [
            (&maintainer, json!({ "state": "published" })),
            (&admin, json!({ "suspended": true })),
            (&admin, json!({ "state": null })),
        ] {
            let refused = home.change(who, "PATCH", path, &patch).await;
            assert_eq!((refused.status(), refused.code().as_str()), (422, "object_invalid"));
        }
        let same = home.change(&maintainer, "PATCH", path, &json!({ "policies": {} })).await;
        assert_eq!((same.status(), &same.json()["config"]["state"]), (200, &json!("draft")));
        let bold = json!({ "name": "bold", "http": { "upstream": "blue" } });
        let refused = home.send(&maintainer, "POST", "/api/v1/services?team=blue", &bold).await;
        assert_eq!((refused.status(), refused.code().as_str()), (422, "value_out_of_range"));
    });
}

#[test]
fn who_takes_a_service_from_its_callers_says_why() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, maintainer) = team(&home, &admin).await;
        for body in [Value::Null, json!({}), json!({ "reason": " " })] {
            let refused = act(&home, &maintainer, "suspend", &body).await;
            assert_eq!((refused.status(), refused.code().as_str()), (422, "value_out_of_range"));
            assert_eq!(refused.json()["errors"][0]["pointer"], "/reason");
        }
        act(&home, &maintainer, "submit", &json!({})).await;
        assert_eq!(act(&home, &owner, "reject", &json!({})).await.status(), 422);
        let back = act(&home, &owner, "reject", &json!({ "reason": "no description" })).await;
        assert_eq!(back.status(), 200, "{back}");
    });
}

#[test]
fn what_the_platform_suspends_its_team_does_not_resume() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, maintainer) = team(&home, &admin).await;
        // A draft, too: it stays so when it is published.
        let why = json!({ "reason": "not what was agreed" });
        let suspended = act(&home, &admin, "suspend", &why).await;
        assert_eq!(suspended.json()["config"]["suspended_by"], "platform", "{suspended}");
        let published = act(&home, &owner, "publish", &json!({})).await;
        assert_eq!(published.json()["config"]["suspended"], true, "{published}");
        for who in [&owner, &maintainer] {
            let refused = act(&home, who, "resume", &json!({})).await;
            assert_eq!((refused.status(), refused.code().as_str()), (403, "not_permitted"));
            let path = "/api/v1/services/orders";
            let refused = home.change(who, "DELETE", path, &Value::Null).await;
            assert_eq!((refused.status(), refused.code().as_str()), (403, "not_permitted"));
            let patch = json!({ "suspended_by": null });
            let refused = home.change(who, "PATCH", path, &patch).await;
            assert_eq!(refused.status(), 422, "{refused}");
        }
        let back = act(&home, &admin, "resume", &json!({})).await;
        assert_eq!(back.json()["config"].get("suspended_by"), None, "{back}");
        // What the team has suspended the platform takes over, and a version of it is suspended, too.
        act(&home, &maintainer, "suspend", &why).await;
        let taken_over = act(&home, &admin, "suspend", &why).await;
        assert_eq!(taken_over.json()["config"]["suspended_by"], "platform", "{taken_over}");
        assert_eq!(act(&home, &admin, "suspend", &why).await.status(), 409);
        assert_eq!(act(&home, &maintainer, "resume", &json!({})).await.status(), 403);
        let next = json!({ "name": "orders2", "version": "2" });
        let next = home.send(&owner, "POST", "/api/v1/services/orders/versions", &next).await;
        assert_eq!(next.json()["config"]["suspended_by"], "platform", "{next}");
        assert_eq!(next.json()["config"]["suspended"], true, "{next}");
        // Nor does the team lead callers around it.
        let listener = json!({ "name": "web", "address": "127.0.0.1:0", "protocol": "http" });
        home.send(&admin, "POST", "/api/v1/listeners", &listener).await;
        let route = json!({ "name": "orders", "service": "orders" });
        let made = home.send(&admin, "POST", "/api/v1/routes?team=blue", &route).await;
        assert_eq!(made.status(), 201, "{made}");
        let free = json!({ "name": "free", "http": { "upstream": "blue" } });
        home.send(&owner, "POST", "/api/v1/services?team=blue", &free).await;
        let elsewhere = json!({ "service": "free" });
        let refused = home.change(&owner, "PATCH", "/api/v1/routes/orders", &elsewhere).await;
        assert_eq!((refused.status(), refused.code().as_str()), (403, "not_permitted"));
        let slower = json!({ "policies": { "cors": { "origins": ["*"] } } });
        let changed = home.change(&owner, "PATCH", "/api/v1/routes/orders", &slower).await;
        assert_eq!(changed.status(), 200, "{changed}");
        let back = act(&home, &admin, "resume", &json!({})).await;
        assert_eq!(back.status(), 200, "{back}");
        let moved = home.change(&owner, "PATCH", "/api/v1/routes/orders", &elsewhere).await;
        assert_eq!(moved.status(), 200, "{moved}");
        // What the team suspends it resumes itself.
        let own = act(&home, &maintainer, "suspend", &why).await;
        assert_eq!(own.json()["config"].get("suspended_by"), None, "{own}");
        assert_eq!(act(&home, &maintainer, "resume", &json!({})).await.status(), 200);
    });
}

#[test]
fn a_team_names_no_service_of_another_as_its_version_or_successor() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, _) = team(&home, &admin).await;
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": "red" })).await;
        let (other, _) = home.member(&admin, "red@example.com", "red", "owner").await;
        let upstream = json!({ "name": "red", "endpoints": [{ "address": "10.0.0.8:80" }] });
        home.send(&other, "POST", "/api/v1/upstreams?team=red", &upstream).await;
        let copy = |extra: Value| {
            let mut body = json!({ "name": "copy", "http": { "upstream": "red" } });
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            body
        };
        let path = "/api/v1/services?team=red";
        for (extra, pointer) in [
            (json!({ "version": "1.1", "version_of": "orders" }), "/version_of"),
            (json!({ "successor": "orders" }), "/successor"),
        ] {
            let refused = home.send(&other, "POST", path, &copy(extra)).await;
            assert_eq!((refused.status(), refused.code().as_str()), (403, "reach_not_permitted"));
            assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{refused}");
        }
        let made = home.send(&other, "POST", path, &copy(json!({}))).await;
        assert_eq!(made.status(), 201, "{made}");
        let terms = json!({ "successor": "orders" });
        let verb = "/api/v1/services/copy:deprecate";
        let refused = home.send(&other, "POST", verb, &terms).await;
        assert_eq!((refused.status(), refused.code().as_str()), (403, "reach_not_permitted"));
        // What is shared with them may take the place of theirs.
        act(&home, &owner, "publish", &json!({})).await;
        let shared = json!({ "visibility": "signed_in" });
        let reply = home.change(&owner, "PATCH", "/api/v1/services/orders", &shared).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let reply = home.send(&other, "POST", verb, &terms).await;
        assert_eq!((reply.status(), &reply.json()["config"]["successor"]), (200, &json!("orders")));
        // An admin of the platform crosses teams.
        let version = json!({ "version": "1.1", "version_of": "orders" });
        let reply = home.change(&admin, "PATCH", "/api/v1/services/copy", &version).await;
        assert_eq!(reply.status(), 200, "{reply}");
    });
}

#[test]
fn a_service_whose_sunset_has_come_has_retired_for_whoever_looks() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, _) = team(&home, &admin).await;
        act(&home, &owner, "publish", &json!({})).await;
        let plan = json!({ "name": "free", "product": "orders" });
        let made = home.send(&owner, "POST", "/api/v1/plans?team=blue", &plan).await;
        assert_eq!(made.status(), 201, "{made}");
        let app = json!({ "name": "tills" });
        home.send(&owner, "POST", "/api/v1/applications?team=blue", &app).await;
        let path = "/api/v1/applications/tills/subscriptions";
        let asked = home.send(&owner, "POST", path, &json!({ "plan": "free" })).await;
        assert_eq!(asked.status(), 201, "{asked}");
        // The clock says 2026-05-17T08:09:10Z.
        let terms = json!({ "sunset_at": "2026-05-17T09:00:00Z" });
        assert_eq!(act(&home, &owner, "deprecate", &terms).await.status(), 200);
        let state = async || {
            let shown = home.get(&owner, "/api/v1/services/orders").await;
            shown.json()["config"]["state"].clone()
        };
        home.api.act_by_date().await;
        assert_eq!(state().await, "deprecated", "not yet");
        home.clock.advance(std::time::Duration::from_secs(3_600));
        home.api.act_by_date().await;
        assert_eq!(state().await, "retired");
        let log = home.get(&admin, "/api/v1/audit?action=retire_service").await;
        assert_eq!(log.json()["audit"].as_array().unwrap().len(), 1, "{log}");
        assert_eq!(log.json()["audit"][0]["actor"], "system", "{log}");
        let told = home.get(&owner, "/api/v1/notifications").await;
        assert!(told.text().contains("service_retired"), "{told}");
        // Once is enough.
        home.api.act_by_date().await;
        let again = home.get(&admin, "/api/v1/audit?action=retire_service").await;
        assert_eq!(again.json()["audit"].as_array().unwrap().len(), 1, "{again}");
        assert_eq!(act(&home, &owner, "archive", &json!({})).await.status(), 200);
    });
}

#[test]
fn whoever_puts_a_service_in_use_is_told_what_is_open_and_what_cannot_be_offered() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, _) = team(&home, &admin).await;
        let listener = json!({ "name": "web", "address": "127.0.0.1:8080", "protocol": "http" });
        home.send(&admin, "POST", "/api/v1/listeners", &listener).await;
        let route = json!({ "name": "orders", "service": "orders" });
        let made = home.send(&admin, "POST", "/api/v1/routes", &route).await;
        assert_eq!(made.status(), 201, "{made}");
        let published = act(&home, &owner, "publish", &json!({})).await;
        let warnings = published.json()["warnings"].clone();
        assert!(warnings[0].as_str().unwrap().contains("open to all"), "{published}");
        assert_eq!(warnings.as_array().unwrap().len(), 1, "{published}");
        // With a plan, only subscribers come.
        act(&home, &owner, "withdraw", &json!({})).await;
        let plan = json!({ "name": "free", "product": "orders" });
        let made = home.send(&owner, "POST", "/api/v1/plans?team=blue", &plan).await;
        assert_eq!(made.status(), 201, "{made}");
        let published = act(&home, &owner, "publish", &json!({})).await;
        assert_eq!(published.json().get("warnings"), None, "{published}");
        // One that is made published has a product, too, unless another has its name.
        let born = json!({ "name": "born", "state": "published", "http": { "upstream": "blue" } });
        let made = home.send(&owner, "POST", "/api/v1/services?team=blue", &born).await;
        assert_eq!(made.status(), 201, "{made}");
        let product = home.get(&owner, "/api/v1/products/born").await;
        assert_eq!(product.json()["config"]["services"], json!(["born"]), "{product}");
        let taken = json!({ "name": "late", "services": ["born"] });
        let made = home.send(&owner, "POST", "/api/v1/products?team=blue", &taken).await;
        assert_eq!(made.status(), 201, "{made}");
        let late = json!({ "name": "late", "http": { "upstream": "blue" } });
        let made = home.send(&owner, "POST", "/api/v1/services?team=blue", &late).await;
        assert_eq!(made.status(), 201, "{made}");
        assert!(made.text().contains("in no product"), "{made}");
    });
}
