//! Applications of a database: what is written of one is so on the wire when it is answered, however
//! many others there are, and outlives the process.

use std::fmt::Write;
use std::path::Path;

use architrave_testkit::client::request;
use architrave_testkit::gateway::Metrics;
use architrave_testkit::{
    Client, Gateway, GatewayOptions, Origin, Postgres, Response, SOON, eventually,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-the-file";

/// A file with a plan and so many applications; what else there is stands in the database.
fn file(origin: &Origin, applications: usize) -> String {
    let mut file = format!(
        "version: 1
admin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}
telemetry: {{ access_log: {{ to: {{ none: {{}} }} }} }}
listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]
upstreams: [{{ name: orders, endpoints: [{{ address: \"{}\" }}] }}]
services: [{{ name: orders, http: {{ upstream: orders }} }}]
routes: [{{ name: orders, service: orders }}]
products: [{{ name: shop, services: [orders], visibility: public }}]
plans: [{{ name: gold, product: shop }}, {{ name: slow, product: shop, approval: by_hand }}]
",
        origin.addr()
    );
    if applications == 0 {
        return file;
    }
    file.push_str("applications:\n");
    for number in 0..applications {
        let _infallible = writeln!(
            file,
            "  - {{ name: file-{number}, credentials: [{{ api_key: file-key-{number} }}] }}"
        );
    }
    file.push_str("subscriptions:\n");
    for number in 0..applications {
        let _infallible = writeln!(file, "  - {{ application: file-{number}, plan: gold }}");
    }
    file
}

/// Asks the admin API; what it answers, which must be `status`.
#[track_caller]
fn tell(gateway: &Gateway, method: &str, path: &str, body: &Value, status: u16) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let authorization = format!("Authorization: Bearer {TOKEN}");
    let length = format!("Content-Length: {}", body.len());
    let fields = ["Connection: close", &authorization, &length, "Content-Type: application/json"];
    let path = format!("/api/v1/{path}");
    let mut bytes = request(method, &gateway.admin().to_string(), &path, &fields);
    bytes.extend_from_slice(body.as_bytes());
    let answer = Client::connect(gateway.admin()).ask(bytes);
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn scraped(gateway: &Gateway) -> Metrics {
    let field = format!("Authorization: Bearer {TOKEN}");
    let fields = ["Connection: close", &field];
    let ask = request("GET", &gateway.admin().to_string(), "/metrics", &fields);
    Metrics::parse(&Client::connect(gateway.admin()).ask(ask).text())
}

fn call(gateway: &Gateway, key: &str) -> Response {
    let field = format!("X-Api-Key: {key}");
    Client::connect(gateway.web()).ask(request("GET", "h", "/orders", &[&field]))
}

/// An application `tills` with a key.
fn tills(gateway: &Gateway) -> (String, String) {
    tell(gateway, "POST", "applications", &json!({ "name": "tills" }), 201);
    new_key(gateway, "applications/tills/credentials", &json!({}))
}

fn new_key(gateway: &Gateway, path: &str, body: &Value) -> (String, String) {
    let made = tell(gateway, "POST", path, body, 201);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&made["credential"]["id"]), text(&made["secret"]))
}

#[test]
fn what_is_written_of_one_of_twenty_thousand_is_so_at_once_and_after_a_kill() {
    let folder = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    let file = file(&origin, 20_000);
    let start = || GatewayOptions::new().data(folder.path()).start(&file);
    let gateway = start();
    for number in [0, 9_999, 19_999] {
        assert_eq!(call(&gateway, &format!("file-key-{number}")).status, 200, "{number}");
    }
    assert_eq!(call(&gateway, "file-key-20000").status, 401);

    let (first, secret) = tills(&gateway);
    assert_eq!(call(&gateway, &secret).status, 403, "it has no subscription yet");
    let asked = json!({ "plan": "gold" });
    let asked = tell(&gateway, "POST", "applications/tills/subscriptions", &asked, 201);
    assert_eq!(asked["state"], "active");
    assert_eq!(call(&gateway, &secret).status, 200);
    assert_eq!(origin.requests().pop().expect("it came").get("x-consumer-name"), Some("tills"));

    // Rotated, both go on; without grace, the old one does not.
    let path = format!("applications/tills/credentials/{first}:rotate");
    let (second, next) = new_key(&gateway, &path, &json!({ "grace": "1h" }));
    assert_eq!((call(&gateway, &secret).status, call(&gateway, &next).status), (200, 200));
    let path = format!("applications/tills/credentials/{second}:rotate");
    let (third, last) = new_key(&gateway, &path, &json!({ "grace": "0s" }));
    assert_eq!((call(&gateway, &next).status, call(&gateway, &last).status), (401, 200));
    let path = format!("applications/tills/credentials/{first}:revoke");
    tell(&gateway, "POST", &path, &Value::Null, 200);
    assert_eq!((call(&gateway, &secret).status, call(&gateway, &last).status), (401, 200));

    let id = asked["id"].as_str().expect("an id").to_owned();
    let step = |gateway: &Gateway, verb: &str| {
        let reason = json!({ "reason": "a test" });
        tell(gateway, "POST", &format!("subscriptions/{id}:{verb}"), &reason, 200);
    };
    step(&gateway, "suspend");
    assert_eq!(call(&gateway, &last).status, 403);
    step(&gateway, "resume");
    assert_eq!(call(&gateway, &last).status, 200);

    gateway.kill();
    drop(gateway);
    let gateway = start();
    for (key, status) in [(&secret, 401), (&next, 401), (&last, 200)] {
        assert_eq!(call(&gateway, key).status, status);
    }
    assert_eq!(call(&gateway, "file-key-7").status, 200);
    // What the file has is changed there.
    let path = "applications/file-7/credentials";
    assert_eq!(tell(&gateway, "POST", path, &json!({}), 409)["code"], "read_only_object");
    let path = format!("applications/tills/credentials/{third}:revoke");
    tell(&gateway, "POST", &path, &Value::Null, 200);
    assert_eq!(call(&gateway, &last).status, 401);
}

#[test]
fn keys_go_on_while_the_database_is_gone() {
    let folder = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().data(folder.path()).start(file(&origin, 1));
    let (_, secret) = tills(&gateway);
    tell(&gateway, "POST", "applications/tills/subscriptions", &json!({ "plan": "gold" }), 201);
    for name in ["architrave.db", "architrave.db-wal", "architrave.db-shm"] {
        std::fs::remove_file(folder.path().join(name)).expect("it is there");
    }
    eventually("the loss is noticed", SOON, || {
        (scraped(&gateway).sum("architrave_store_up", &[]) == 0.0).then_some(())
    });
    assert_eq!(call(&gateway, &secret).status, 200);
}

#[test]
fn another_gateway_of_the_same_database_follows() {
    let (one, other) = (folder(), folder());
    let origin = Origin::named("a");
    let url = Postgres::shared().database();
    let start =
        |data: &Path| GatewayOptions::new().data(data).database(&url).start(file(&origin, 0));
    let writing = start(one.path());
    std::fs::copy(one.path().join("root.key"), other.path().join("root.key")).expect("a copy");
    let following = start(other.path());
    let (id, secret) = tills(&writing);
    let asked = json!({ "plan": "slow" });
    let asked = tell(&writing, "POST", "applications/tills/subscriptions", &asked, 201);
    let becomes = |what: &str, status: u16| {
        eventually(what, SOON, || (call(&following, &secret).status == status).then_some(()));
    };
    becomes("the key is known", 403);
    let path = format!("subscriptions/{}:approve", asked["id"].as_str().expect("an id"));
    tell(&writing, "POST", &path, &Value::Null, 200);
    becomes("it is approved", 200);
    tell(
        &writing,
        "POST",
        &format!("applications/tills/credentials/{id}:revoke"),
        &Value::Null,
        200,
    );
    becomes("the key is revoked", 401);
}

fn folder() -> TempDir {
    TempDir::new().expect("there is room for a directory")
}
