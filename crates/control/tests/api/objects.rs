//! Objects of the configuration through the API: written whole or not at all, live when answered.

use architrave_config::object::ObjectKind;
use architrave_config::ports::DesiredPort as _;
use serde_json::{Value, json};

use crate::gateway::{Gateway, Reply};
use crate::home::{Home, Proof, each_database};

fn upstream(name: &str, address: &str) -> Value {
    json!({ "name": name, "endpoints": [{ "address": address }] })
}

/// What differs from run to run, taken out.
fn steady(reply: &Reply) -> String {
    let mut body = reply.json();
    if let Some(id) = body.get_mut("id").filter(|id| id.is_string()) {
        *id = format!("{}…", &id.as_str().unwrap()[..4]).into();
    }
    format!("{}\n{}", reply.status(), serde_json::to_string_pretty(&body).unwrap())
}

#[test]
fn an_object_is_made_shown_changed_and_removed_and_is_live_each_time() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = upstream("orders", "127.0.0.1:9001");
        let made = home.send(&admin, "POST", "/api/v1/upstreams", &body).await;
        insta::assert_snapshot!("an_object_in_its_envelope", steady(&made));
        assert_eq!(made.header("location"), Some("/api/v1/upstreams/orders"));
        let in_force = || home.desired.objects().get(ObjectKind::Upstream, "orders").cloned();
        assert!(in_force().is_some());
        let path = "/api/v1/upstreams/orders";
        let shown = home.get(&admin, path).await;
        assert_eq!((shown.status(), shown.header("etag")), (200, made.header("etag")));
        assert_eq!(shown.json()["config"], made.json()["config"]);
        let replaced =
            home.change(&admin, "PUT", path, &upstream("orders", "127.0.0.1:9002")).await;
        assert_eq!((replaced.status(), &replaced.json()["revision"]), (200, &json!(2)));
        let patched = home.change(&admin, "PATCH", path, &json!({ "balance": "random" })).await;
        assert_eq!(patched.json()["config"]["balance"], "random");
        assert_eq!(patched.json()["config"]["endpoints"][0]["address"], "127.0.0.1:9002");
        assert_eq!(in_force().unwrap().object.body["balance"], "random");
        let gone = home.change(&admin, "DELETE", path, &Value::Null).await;
        assert_eq!((gone.status(), gone.text()), (204, ""));
        assert!(in_force().is_none());
        assert_eq!(home.get(&admin, path).await.code(), "upstream_not_found");
        let actions = home.actions(&admin).await;
        let expected =
            ["delete_upstream", "update_upstream", "update_upstream", "create_upstream", "set_up"];
        assert_eq!(actions[..5], expected);
    });
}

#[test]
fn what_exists_is_changed_by_who_knows_what_it_is() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (path, body) = ("/api/v1/upstreams/orders", upstream("orders", "127.0.0.1:9001"));
        let only_new = [("if-none-match", "*")];
        let made = home.send_with(&admin, "PUT", path, &only_new, &body).await;
        assert_eq!(made.status(), 201, "{made}");
        let etag = made.header("etag").unwrap().to_owned();
        let again = home.send_with(&admin, "PUT", path, &only_new, &body).await;
        assert_eq!((again.status(), again.header("etag")), (412, Some(etag.as_str())));
        for (method, body) in [("PUT", &body), ("PATCH", &json!({})), ("DELETE", &Value::Null)] {
            let blind = home.send(&admin, method, path, body).await;
            assert_eq!((blind.status(), blind.code().as_str()), (428, "precondition_required"));
            let stale = [("if-match", "\"ups_other.1\"")];
            let stale = home.send_with(&admin, method, path, &stale, body).await;
            assert_eq!((stale.status(), stale.header("etag")), (412, Some(etag.as_str())));
        }
        assert_eq!(
            home.send(&admin, "POST", "/api/v1/upstreams", &body).await.code(),
            "name_taken"
        );
        let known = [("if-none-match", etag.as_str())];
        let service = json!({ "name": "s", "http": { "upstream": "orders" } });
        let service = home.send(&admin, "POST", "/api/v1/services", &service).await;
        let known_service = [("if-none-match", service.header("etag").unwrap())];
        let unchanged = home.call(&admin, "GET", "/api/v1/services/s", &known_service, "").await;
        assert_eq!((unchanged.status(), unchanged.text()), (304, ""));
        let live = home.call(&admin, "GET", path, &known, "").await;
        assert_eq!(live.status(), 200, "how an upstream does changes without its revision");
    });
}

#[test]
fn a_fault_is_pointed_at_and_nothing_is_written() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let bad = json!({ "name": "orders", "endpoints": [{ "adress": "127.0.0.1:9001" }] });
        let reply = home.send(&admin, "POST", "/api/v1/upstreams", &bad).await;
        insta::assert_snapshot!("a_fault_is_pointed_at", reply);
        let dangling = json!({ "name": "s", "http": { "upstream": "orders" } });
        let reply = home.send(&admin, "POST", "/api/v1/services", &dangling).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "object_invalid"));
        assert_eq!(reply.json()["errors"][0]["pointer"], "/http/upstream");
        for (body, pointer) in [
            (json!({ "endpoints": [] }), "/name"),
            (json!({ "name": "No Name" }), "/name"),
            (
                json!({ "name": "a", "endpoints": [{ "address": "${env:SECRET}" }] }),
                "/endpoints/0/address",
            ),
            (json!({ "name": "a", "tls": { "ca_file": "${file:/etc/shadow}" } }), "/tls/ca_file"),
        ] {
            let reply = home.send(&admin, "POST", "/api/v1/upstreams", &body).await;
            assert_eq!(reply.status(), 422, "{reply}");
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{reply}");
        }
        let list = home.get(&admin, "/api/v1/services").await;
        assert_eq!(list.json()["services"], json!([]));
        assert_eq!(home.actions(&admin).await[0], "set_up");
    });
}

#[test]
fn what_others_need_is_not_removed() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream("orders", "127.0.0.1:9001")).await;
        let service = json!({ "name": "s", "http": { "upstream": "orders" } });
        home.send(&admin, "POST", "/api/v1/services", &service).await;
        let reply = home.change(&admin, "DELETE", "/api/v1/upstreams/orders", &Value::Null).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "object_invalid"));
        assert_eq!(reply.json()["errors"][0]["object"], "services/s");
        assert_eq!(home.get(&admin, "/api/v1/upstreams/orders").await.status(), 200);
    });
}

#[test]
fn what_cannot_be_carried_out_is_not_written() {
    each_database(async |home| {
        let admin = home.set_up().await;
        *home.desired.hindrance.lock().unwrap() = Some("0.0.0.0:80: address in use".to_owned());
        let listener = json!({ "name": "web", "address": "0.0.0.0:80", "protocol": "http" });
        let reply = home.send(&admin, "POST", "/api/v1/listeners", &listener).await;
        assert_eq!((reply.status(), reply.code().as_str()), (409, "config_not_possible"));
        assert_eq!(home.get(&admin, "/api/v1/listeners/web").await.code(), "object_not_found");
    });
}

#[test]
fn validate_only_says_what_would_be_and_does_nothing() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (path, body) = ("/api/v1/upstreams", upstream("orders", "127.0.0.1:9001"));
        let dry = home.send(&admin, "POST", &format!("{path}?validate_only=true"), &body).await;
        assert_eq!((dry.status(), &dry.json()["id"]), (200, &Value::Null), "{dry}");
        assert!(home.desired.objects().is_empty());
        assert_eq!(home.get(&admin, "/api/v1/upstreams/orders").await.status(), 404);
        let bad =
            home.send(&admin, "POST", &format!("{path}?validate_only=true"), &json!({})).await;
        assert_eq!(bad.status(), 422);
        let unclear = home.send(&admin, "POST", &format!("{path}?validate_only=1"), &body).await;
        assert_eq!(unclear.code(), "query_invalid");
        home.send(&admin, "POST", path, &body).await;
        let path = "/api/v1/upstreams/orders";
        let dry = format!("{path}?validate_only=true");
        let etag = home.get(&admin, path).await.header("etag").unwrap().to_owned();
        let reply =
            home.send_with(&admin, "DELETE", &dry, &[("if-match", &etag)], &Value::Null).await;
        assert_eq!(reply.status(), 204);
        assert_eq!(home.get(&admin, path).await.header("etag"), Some(etag.as_str()));
    });
}

#[test]
fn secrets_go_in_and_never_come_out() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let key = |value: Value| json!({ "name": "mobile", "credentials": [{ "api_key": value }] });
        let path = "/api/v1/consumers";
        let body = key(json!("a-very-secret-key-0123"));
        let made = home.send(&admin, "POST", path, &body).await;
        assert_eq!(made.status(), 201, "{made}");
        let hidden = json!({ "has_value": true });
        assert_eq!(made.json()["config"]["credentials"][0]["api_key"], hidden);
        let path = "/api/v1/consumers/mobile";
        let kept = json!({ "name": "mobile", "credentials": [{ "api_key": hidden }], "limits": { "parallel": 5 } });
        let saved = home.change(&admin, "PUT", path, &kept).await;
        assert_eq!(saved.status(), 200, "{saved}");
        let in_force = home.desired.objects();
        let body = &in_force.get(ObjectKind::Consumer, "mobile").unwrap().object.body;
        assert_eq!(body["credentials"][0]["api_key"], "a-very-secret-key-0123");
        let more = json!({ "name": "mobile", "credentials": [{ "api_key": hidden }, { "api_key": hidden }] });
        let nothing_to_keep = home.change(&admin, "PUT", path, &more).await;
        assert_eq!(nothing_to_keep.json()["errors"][0]["pointer"], "/credentials/1/api_key");
        for path in [path, "/api/v1/consumers", "/api/v1/audit", "/api/v1/audit:export"] {
            let reply = home.get(&admin, path).await;
            assert_eq!(reply.status(), 200);
            assert!(!reply.text().contains("a-very-secret-key"), "{path}");
        }
    });
}

#[test]
fn a_secret_does_not_go_to_another_host_than_it_was_given_for() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let hidden = json!({ "has_value": true });
        let provider = |url: &str, value: Value| {
            json!({
                "name": "lab", "kind": "openai_compatible", "base_url": url,
                "credentials": [{ "name": "main", "value": value }],
            })
        };
        let body = provider("https://lab.example/v1", json!("a-secret-of-the-lab"));
        let made = home.send(&admin, "POST", "/api/v1/providers", &body).await;
        assert_eq!(made.status(), 201, "{made}");
        let path = "/api/v1/providers/lab";
        let elsewhere = provider("https://evil.example/v1", hidden.clone());
        for (method, body) in [
            ("PUT", elsewhere),
            ("PATCH", json!({ "base_url": "https://evil.example/v1" })),
            ("PATCH", json!({ "base_url": "http://lab.example/v1" })),
            ("PATCH", json!({ "base_url": "https://lab.example:8443/v1" })),
        ] {
            let reply = home.change(&admin, method, path, &body).await;
            assert_eq!((reply.status(), reply.code().as_str()), (422, "object_invalid"), "{body}");
            let error = &reply.json()["errors"][0];
            assert_eq!(error["pointer"], "/credentials/0/value");
            assert!(error["message"].as_str().unwrap().contains("send it again"), "{error}");
        }
        // Another path of the same host is no other place, and a secret may be sent again.
        for body in [
            json!({ "base_url": "https://LAB.example/v2" }),
            provider("https://other.example/v1", json!("another-secret")),
        ] {
            let reply = home.change(&admin, "PATCH", path, &body).await;
            assert_eq!(reply.status(), 200, "{reply}");
        }
        let body = json!({
            "name": "corp", "issuer": "https://id.example", "client_id": "x",
            "client_secret": "a secret",
        });
        home.send(&admin, "POST", "/api/v1/identity_providers", &body).await;
        let path = "/api/v1/identity_providers/corp";
        let moved = json!({ "issuer": "https://evil.example" });
        let reply = home.change(&admin, "PATCH", path, &moved).await;
        assert_eq!(reply.json()["errors"][0]["pointer"], "/client_secret");
        let same = json!({ "title": "Corp" });
        assert_eq!(home.change(&admin, "PATCH", path, &same).await.status(), 200);
        let body = json!({
            "name": "tools",
            "http": {
                "url": "https://mcp.example/mcp",
                "headers": { "authorization": "Bearer a-secret", "x-tenant": "acme" },
            },
        });
        let made = home.send(&admin, "POST", "/api/v1/mcp_servers", &body).await;
        let shown = &made.json()["config"]["http"]["headers"];
        assert_eq!(shown, &json!({ "authorization": hidden, "x-tenant": "acme" }));
        let path = "/api/v1/mcp_servers/tools";
        let moved = json!({ "http": { "url": "https://evil.example/mcp" } });
        let reply = home.change(&admin, "PATCH", path, &moved).await;
        assert_eq!(reply.json()["errors"][0]["pointer"], "/http/headers/authorization");
        let same = json!({ "http": { "url": "https://mcp.example/v2" } });
        assert_eq!(home.change(&admin, "PATCH", path, &same).await.status(), 200);
        let in_force = home.desired.objects();
        let body = &in_force.get(ObjectKind::IdentityProvider, "corp").unwrap().object.body;
        assert_eq!(body["client_secret"], "a secret");
    });
}

#[test]
fn a_text_that_no_database_keeps_is_refused_where_it_stands() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let bad = "a\u{0}b";
        for (path, body, pointer) in [
            ("teams", json!({ "name": "x", "description": bad }), "/description"),
            ("users", json!({ "email": "a@b.c", "display_name": bad }), "/display_name"),
            ("tokens", json!({ "name": "x", "scopes": ["read", bad] }), "/scopes/1"),
            ("services", json!({ "name": "s", "http": { (bad): "x" } }), "/http/a\u{0}b"),
        ] {
            let reply = home.send(&admin, "POST", &format!("/api/v1/{path}"), &body).await;
            assert_eq!((reply.status(), reply.code().as_str()), (400, "body_invalid"), "{path}");
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
        }
        // Written out, it is six letters and no NUL.
        let fine = json!({ "name": "y", "description": "\\u0000" });
        assert_eq!(home.send(&admin, "POST", "/api/v1/teams", &fine).await.status(), 201);
    });
}

#[test]
fn reading_and_saving_with_no_change_changes_nothing() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream("orders", "127.0.0.1:9001")).await;
        let objects = [
            (
                "consumers",
                json!({ "name": "mobile", "credentials": [{ "api_key": "a-very-secret-key-0123" }] }),
            ),
            ("services", json!({ "name": "s", "http": { "upstream": "orders" } })),
            ("providers", json!({ "name": "p", "kind": "mock", "mock": {} })),
        ];
        for (kind, body) in objects {
            let made = home.send(&admin, "POST", &format!("/api/v1/{kind}"), &body).await;
            assert_eq!(made.status(), 201, "{made}");
            let before = home.desired.objects();
            let path = format!("/api/v1/{kind}/{}", body["name"].as_str().unwrap());
            let shown = home.get(&admin, &path).await.json()["config"].clone();
            let saved = home.change(&admin, "PUT", &path, &shown).await;
            assert_eq!(saved.json()["config"], shown, "{kind}");
            assert_eq!(home.desired.objects(), before, "{kind}");
        }
    });
}

#[test]
fn objects_of_the_file_are_shown_and_changed_there_only() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = upstream("filed", "127.0.0.1:9001");
        home.desired.lay_over(ObjectKind::Upstream, "filed", body.clone());
        home.desired.lay_over(
            ObjectKind::Service,
            "s",
            json!({ "name": "s", "http": { "upstream": "filed" } }),
        );
        let shown = home.get(&admin, "/api/v1/services/s").await;
        assert_eq!((&shown.json()["origin"], &shown.json()["id"]), (&json!("file"), &Value::Null));
        let path = "/api/v1/upstreams/filed";
        for (method, path) in
            [("PUT", path), ("PATCH", path), ("DELETE", path), ("POST", "/api/v1/upstreams")]
        {
            let sent = if method == "DELETE" { &Value::Null } else { &body };
            let reply = home.send_with(&admin, method, path, &[("if-match", "*")], sent).await;
            assert_eq!(
                (reply.status(), reply.code().as_str()),
                (409, "read_only_object"),
                "{method}"
            );
            assert!(reply.text().contains("gateway.yaml"));
        }
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream("beside", "127.0.0.1:1")).await;
        let list = home.get(&admin, "/api/v1/upstreams?page_size=1").await.json();
        assert_eq!(list["upstreams"][0]["name"], "beside");
        let token = list["next_page_token"].as_str().unwrap();
        let next =
            home.get(&admin, &format!("/api/v1/upstreams?page_size=1&page_token={token}")).await;
        assert_eq!(next.json()["upstreams"][0]["name"], "filed");
        assert_eq!(next.json()["next_page_token"], Value::Null);
    });
}

#[test]
fn without_a_database_objects_are_read_and_not_written() {
    let gateway = Gateway::start();
    assert_eq!(gateway.get("/api/v1/services").json()["services"], json!([]));
    let reply = gateway.post("/api/v1/services", r#"{"name":"s"}"#);
    insta::assert_snapshot!("without_a_database_nothing_is_written", reply);
    for path in ["/api/v1/setup", "/api/v1/session"] {
        let body = r#"{"email":"a@b","password":"x"}"#;
        let reply = gateway.post(path, body);
        assert!([400, 409].contains(&reply.status()), "{path} {reply}");
    }
    assert_eq!(gateway.get("/api/v1/users").code(), "token_missing");
}

#[test]
fn the_same_request_with_the_same_key_is_done_once() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let key = [("idempotency-key", "\"one\"")];
        let body = upstream("orders", "127.0.0.1:9001");
        let first = home.send_with(&admin, "POST", "/api/v1/upstreams", &key, &body).await;
        assert_eq!(first.status(), 201);
        let again = home.send_with(&admin, "POST", "/api/v1/upstreams", &key, &body).await;
        assert_eq!((again.status(), again.text()), (201, first.text()));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("etag"), first.header("etag"));
        let other = upstream("billing", "127.0.0.1:9001");
        let reused = home.send_with(&admin, "POST", "/api/v1/upstreams", &key, &other).await;
        assert_eq!((reused.status(), reused.code().as_str()), (422, "idempotency_key_reused"));
        // A token is shown again to who did not get the answer.
        let key = [("idempotency-key", "two")];
        let body = json!({ "name": "ci", "scopes": ["read"] });
        let first = home.send_with(&admin, "POST", "/api/v1/tokens", &key, &body).await;
        let again = home.send_with(&admin, "POST", "/api/v1/tokens", &key, &body).await;
        assert_eq!(again.text(), first.text());
        let list = home.get(&admin, "/api/v1/tokens").await.json();
        assert_eq!(list["tokens"].as_array().unwrap().len(), 1);
        // What was refused may be sent again, put right elsewhere.
        let key = [("idempotency-key", "three")];
        let service = json!({ "name": "s", "http": { "upstream": "billing" } });
        let early = home.send_with(&admin, "POST", "/api/v1/services", &key, &service).await;
        assert_eq!(early.status(), 422);
        home.send(&admin, "POST", "/api/v1/upstreams", &other).await;
        let later = home.send_with(&admin, "POST", "/api/v1/services", &key, &service).await;
        assert_eq!(later.status(), 201);
        let bad = [("idempotency-key", "with space")];
        let bad = home.send_with(&admin, "POST", "/api/v1/services", &bad, &service).await;
        assert_eq!(bad.code(), "header_invalid");
        home.clock.advance(std::time::Duration::from_secs(24 * 60 * 60));
        let admin = home.sign_in(crate::home::ADMIN).await;
        let key = [("idempotency-key", "\"one\"")];
        let expired = home.send_with(&admin, "POST", "/api/v1/upstreams", &key, &other).await;
        assert_eq!(expired.code(), "name_taken", "the key is free again");
    });
}

#[test]
fn of_two_writers_at_once_one_has_looked_too_early() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (path, body) = ("/api/v1/upstreams/orders", upstream("orders", "127.0.0.1:9001"));
        let made = home.send(&admin, "PUT", path, &body).await;
        let etag = [("if-match", made.header("etag").unwrap())];
        let write = async |weight: u32| {
            let body = json!({ "endpoints": [{ "address": "127.0.0.1:9001", "weight": weight }] });
            home.send_with(&admin, "PATCH", path, &etag, &body).await.status()
        };
        let (one, other) = futures_util::future::join(write(2), write(3)).await;
        let mut statuses = [one, other];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    });
}

async fn blue_and_red(home: &Home) -> (Proof, Proof, Proof) {
    let admin = home.set_up().await;
    for team in ["blue", "red"] {
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
    }
    let (blue, _) = home.member(&admin, "blue@example.com", "blue", "maintainer").await;
    let (red, _) = home.member(&admin, "red@example.com", "red", "maintainer").await;
    (admin, blue, red)
}

#[test]
fn a_teams_objects_are_there_for_the_team_alone() {
    each_database(async |home| {
        let (admin, blue, red) = blue_and_red(&home).await;
        let up = upstream("blue-up", "10.0.0.7:80");
        let made = home.send(&blue, "POST", "/api/v1/upstreams?team=blue", &up).await;
        assert_eq!((made.status(), &made.json()["team"]), (201, &json!("blue")), "{made}");
        let path = "/api/v1/upstreams/blue-up";
        let hidden = home.get(&red, path).await;
        let missing = home.get(&red, "/api/v1/upstreams/nothing").await;
        assert_eq!((hidden.status(), missing.status()), (404, 404));
        assert_eq!(hidden.code(), missing.code());
        for (method, body) in [("PUT", &up), ("PATCH", &json!({})), ("DELETE", &Value::Null)] {
            let reply = home.send_with(&red, method, path, &[("if-match", "*")], body).await;
            assert_eq!(reply.status(), 404, "{method}");
        }
        assert_eq!(home.get(&red, "/api/v1/upstreams").await.json()["upstreams"], json!([]));
        let own = home.get(&blue, "/api/v1/upstreams").await.json();
        assert_eq!(own["upstreams"].as_array().unwrap().len(), 1);
        let moved =
            home.send(&blue, "POST", &format!("{path}:move"), &json!({ "team": "red" })).await;
        assert_eq!(moved.code(), "not_permitted");
        let moved =
            home.send(&admin, "POST", &format!("{path}:move"), &json!({ "team": "red" })).await;
        assert_eq!((moved.status(), &moved.json()["team"]), (200, &json!("red")));
        assert_eq!(home.get(&blue, path).await.status(), 404);
        assert_eq!(home.get(&red, path).await.status(), 200);
        let nowhere =
            home.send(&admin, "POST", &format!("{path}:move"), &json!({ "team": "green" })).await;
        assert_eq!(nowhere.code(), "team_not_found");
        let unsaid = home.send(&admin, "POST", &format!("{path}:move"), &json!({})).await;
        assert_eq!(unsaid.code(), "body_invalid");
    });
}

#[test]
fn a_team_does_not_reach_beyond_itself() {
    each_database(async |home| {
        let (admin, blue, red) = blue_and_red(&home).await;
        for (who, name, team) in [(&blue, "blue-up", "blue"), (&red, "red-up", "red")] {
            let path = format!("/api/v1/upstreams?team={team}");
            home.send(who, "POST", &path, &upstream(name, "10.0.0.7:80")).await;
        }
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream("inner", "127.0.0.1:5432")).await;
        let services = "/api/v1/services?team=blue";
        let service =
            |to: &str| json!({ "name": "s", "http": { "upstream": to }, "state": "draft" });
        for to in ["red-up", "inner"] {
            let reply = home.send(&blue, "POST", services, &service(to)).await;
            assert_eq!(
                (reply.status(), reply.code().as_str()),
                (403, "reach_not_permitted"),
                "{to}"
            );
            assert_eq!(reply.json()["errors"][0]["pointer"], "/http/upstream");
        }
        assert_eq!(home.send(&blue, "POST", services, &service("blue-up")).await.status(), 201);
        let loopback = upstream("loop", "127.0.0.1:9080");
        let reply = home.send(&blue, "POST", "/api/v1/upstreams?team=blue", &loopback).await;
        assert_eq!(reply.code(), "reach_not_permitted");
        let listener = json!({ "name": "web", "address": "127.0.0.1:8080", "protocol": "http" });
        home.send(&admin, "POST", "/api/v1/listeners", &listener).await;
        let route = json!({ "name": "r", "hosts": ["blue.example"], "service": "s" });
        let own = home.send(&blue, "POST", "/api/v1/routes?team=blue", &route).await;
        assert_eq!(own.code(), "reach_not_permitted", "{own}");
        let given = home.send(&admin, "POST", "/api/v1/routes?team=blue", &route).await;
        assert_eq!(given.status(), 201, "{given}");
        let path = "/api/v1/routes/r";
        let slower = home.change(&blue, "PATCH", path, &json!({ "timeout": "9s" })).await;
        assert_eq!(slower.status(), 200, "{slower}");
        let wider = home.change(&blue, "PATCH", path, &json!({ "hosts": ["red.example"] })).await;
        assert_eq!(wider.code(), "reach_not_permitted");
        let wide = home.send(&blue, "POST", "/api/v1/services", &service("blue-up")).await;
        assert_eq!(wide.code(), "not_permitted");
        let elsewhere =
            home.send(&blue, "POST", "/api/v1/services?team=red", &service("blue-up")).await;
        assert_eq!(elsewhere.code(), "team_not_found");
        let consumers = home.send(&admin, "POST", "/api/v1/consumers?team=blue", &json!({})).await;
        assert_eq!(consumers.code(), "query_invalid", "consumers belong to no team");
    });
}

#[test]
fn the_audit_log_says_who_changed_what_and_owners_see_their_teams() {
    each_database(async |home| {
        let (admin, blue, _red) = blue_and_red(&home).await;
        let (owner, _) = home.member(&admin, "olga@example.com", "blue", "owner").await;
        let up = upstream("blue-up", "10.0.0.7:80");
        home.send(&blue, "POST", "/api/v1/upstreams?team=blue", &up).await;
        home.change(&blue, "PATCH", "/api/v1/upstreams/blue-up", &json!({ "balance": "random" }))
            .await;
        let reply = home.get(&owner, "/api/v1/audit?action=update_upstream").await;
        let row = &reply.json()["audit"][0];
        assert_eq!(row["actor_name"], "blue@example.com");
        assert_eq!((&row["via"], &row["address"]), (&json!("console"), &json!("127.0.0.1")));
        assert_eq!(
            (&row["before"]["balance"], &row["after"]["balance"]),
            (&Value::Null, &json!("random"))
        );
        let own = home.get(&owner, "/api/v1/audit").await.json();
        assert!(own["audit"].as_array().unwrap().iter().all(|row| row["team"] == "blue"));
        assert_eq!(home.get(&owner, "/api/v1/audit?team=red").await.code(), "team_not_found");
        assert_eq!(home.get(&blue, "/api/v1/audit").await.code(), "not_permitted");
        let csv = home.get(&admin, "/api/v1/audit:export?format=csv&kind=upstream").await;
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
        let lines: Vec<&str> = csv.text().split("\r\n").collect();
        assert_eq!(lines.len(), 4, "a head, two rows and the end: {lines:?}");
        let json = home.get(&admin, "/api/v1/audit:export?kind=upstream").await;
        let rows = json.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert_eq!(rows.count(), 2);
        let since = "/api/v1/audit?since=2030-01-01T00:00:00Z";
        assert_eq!(home.get(&admin, since).await.json()["audit"], json!([]));
        assert_eq!(home.get(&admin, "/api/v1/audit?since=now").await.code(), "query_invalid");
    });
}

#[test]
fn what_is_done_to_the_running_gateway_is_in_the_audit_log() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let path = "/api/v1/upstreams/wide/endpoints/127.0.0.1:9001:drain";
        assert_eq!(home.send(&admin, "POST", path, &Value::Null).await.status(), 200);
        let row = home.get(&admin, "/api/v1/audit?action=drain_endpoint").await.json();
        assert_eq!(row["audit"][0]["name"], "wide 127.0.0.1:9001");
    });
}

#[test]
fn fields_that_prove_who_the_gateway_is_are_shown_to_nobody() {
    each_database(async |home| {
        let admin = home.set_up().await;
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": "blue" })).await;
        let (reader, _) = home.member(&admin, "dev@example.com", "blue", "developer").await;
        let upstream = json!({ "name": "blue", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams?team=blue", &upstream).await;
        let fields = |edge: &str| json!({ "request": { "set": { "authorization": "Bearer sk-plain-7", "x-edge": edge } } });
        let service = json!({
            "name": "orders", "http": { "upstream": "blue" },
            "policies": { "headers": fields("a") },
        });
        let made = home.send(&admin, "POST", "/api/v1/services?team=blue", &service).await;
        assert_eq!(made.status(), 201, "{made}");
        // What is sent back as it was shown keeps what is stored.
        let mut shown = made.json()["config"].clone();
        let set = &mut shown["policies"]["headers"]["request"]["set"];
        assert_eq!(*set, json!({ "authorization": { "has_value": true }, "x-edge": "a" }));
        set["x-edge"] = json!("b");
        let path = "/api/v1/services/orders";
        let put = home.change(&admin, "PUT", path, &shown).await;
        assert_eq!(put.status(), 200, "{put}");
        let held = home.store.object("service", "orders").await.unwrap().unwrap();
        assert_eq!(held.body["policies"]["headers"], fields("b"));
        for (who, path) in [
            (&reader, "/api/v1/services/orders"),
            (&reader, "/api/v1/services"),
            (&reader, "/api/v1/services/orders/revisions/1"),
            (&reader, "/api/v1/services/orders/revisions/2"),
            (&admin, "/api/v1/audit"),
        ] {
            let told = home.get(who, path).await;
            assert_eq!(told.status(), 200, "{told}");
            assert!(!told.text().contains("sk-plain-7"), "{path}: {told}");
        }
    });
}
