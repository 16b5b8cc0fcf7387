//! The whole way of an API: two teams and a third, from the description of it to the day it ends,
//! on the real binary and on both databases.

use std::path::Path;

use architrave_testkit::client::request;
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, Origin, Postgres, Response, SOON, eventually,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::published;

const CODE: &str = "a code of the test's own";
const PASSWORD: &str = "a long password";

/// An API of several operations, one of which ends.
const DESCRIPTION: &str = "openapi: 3.1.0
info: { title: Orders, version: '1.0' }
servers: [{ url: /orders }]
paths:
  /items:
    get:
      operationId: list_items
      responses:
        '200':
          description: All of them.
          content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Item' } } } }
    post:
      operationId: create_item
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Item' } } } }
      responses: { '201': { description: It is there. } }
  /items/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      operationId: get_item
      responses:
        '200':
          description: One of them.
          content: { application/json: { schema: { $ref: '#/components/schemas/Item' } } }
components:
  schemas:
    Item:
      type: object
      required: [id]
      properties: { id: { type: integer, minimum: 7 }, name: { type: string } }
";

/// Somebody who has signed in, or nobody yet.
pub(super) struct Person<'g> {
    gateway: &'g Gateway,
    fields: Vec<String>,
}

impl<'g> Person<'g> {
    fn nobody(gateway: &'g Gateway) -> Self {
        Self { gateway, fields: Vec::new() }
    }

    /// By what an answer shows to who has signed in.
    fn by(gateway: &'g Gateway, answer: &Response) -> Self {
        let cookie = answer.get("set-cookie").expect("a session");
        let cookie = cookie.split(';').next().unwrap_or_default();
        let csrf = text(&json_of(answer)["csrf_token"]);
        let fields = vec![format!("Cookie: {cookie}"), format!("X-CSRF-Token: {csrf}")];
        Self { gateway, fields }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = format!("Content-Length: {}", body.len());
        let kind = if method == "PATCH" { "merge-patch+json" } else { "json" };
        let kind = format!("Content-Type: application/{kind}");
        let mut fields = vec!["Connection: close", &length, &kind];
        if !matches!(method, "GET" | "POST") {
            fields.push("If-Match: *");
        }
        fields.extend(self.fields.iter().map(String::as_str));
        let path = format!("/api/v1/{path}");
        let mut bytes = request(method, &self.gateway.admin().to_string(), &path, &fields);
        bytes.extend_from_slice(body.as_bytes());
        Client::connect(self.gateway.admin()).ask(bytes)
    }

    #[track_caller]
    pub(super) fn says(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str) -> Value {
        self.says("GET", path, &Value::Null, 200)
    }

    #[track_caller]
    pub(super) fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        self.says("POST", path, body, status)
    }

    /// Invites somebody into a team, who then signs in.
    #[track_caller]
    fn invite(&self, name: &str, team: &str, role: &str) -> Person<'g> {
        let email = format!("{name}@example.com");
        let invited = self.post("users", &json!({ "email": email, "display_name": name }), 201);
        let user = text(&invited["user"]["id"]);
        self.says("PUT", &format!("teams/{team}/members/{user}"), &json!({ "role": role }), 200);
        let nobody = Person::nobody(self.gateway);
        let redeemed = json!({ "code": invited["code"], "password": PASSWORD });
        nobody.post(&format!("users/{user}:redeem_code"), &redeemed, 204);
        let answer =
            nobody.ask("POST", "session", &json!({ "email": email, "password": PASSWORD }));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Person::by(self.gateway, &answer)
    }
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("it answers in JSON")
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[track_caller]
fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|one| text(&one[member])).collect()
}

/// What a client counts of its own calls.
#[derive(Default)]
struct Calls {
    made: u64,
    refused: u64,
}

impl Calls {
    fn call(&mut self, gateway: &Gateway, key: &str) -> Response {
        let field = format!("X-Api-Key: {key}");
        let answer =
            Client::connect(gateway.web()).ask(request("GET", "h", "/orders/items", &[&field]));
        self.made += 1;
        self.refused += u64::from(answer.status >= 400);
        answer
    }
}

fn walk(data: &Path, database: Option<&str>) {
    let options = GatewayOptions::new().data(data).env("ARCHITRAVE_SETUP_CODE", CODE);
    let options = match database {
        Some(url) => options.database(url),
        None => options,
    };
    let gateway = options.start(Config::new().web());
    let origin = Origin::named("a");

    // Set up; two teams, and a third.
    let first = json!({
        "code": CODE, "email": "ada@example.com", "password": PASSWORD, "display_name": "Ada",
    });
    let answer = Person::nobody(&gateway).ask("POST", "setup", &first);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let ada = Person::by(&gateway, &answer);
    for team in ["sellers", "buyers", "others"] {
        ada.post("teams", &json!({ "name": team }), 201);
    }
    let bob = ada.invite("bob", "sellers", "owner");
    let carol = ada.invite("carol", "buyers", "developer");
    let dave = ada.invite("dave", "others", "owner");

    // APIs of hundreds of operations.
    published::walk(&gateway, &bob, "sellers", &ada);

    // From a description, and a mock before anything is behind it.
    let import = json!({ "description": DESCRIPTION });
    bob.post("services/orders:import?team=sellers&validate_only=true", &import, 200);
    bob.says("GET", "services/orders", &Value::Null, 404);
    bob.post("services/orders:import?team=sellers", &import, 201);
    // Where a team is reached is given by who runs the gateway.
    let route = json!({
        "name": "orders",
        "service": "orders",
        "match": [{ "path": { "prefix": "/orders" } }],
    });
    bob.post("routes?team=sellers", &route, 403);
    ada.post("routes?team=sellers", &route, 201);
    let mut calls = Calls::default();
    assert_eq!(calls.call(&gateway, "none").status, 404, "a draft is not routed");
    let before_it_was_known = std::mem::take(&mut calls);
    assert_eq!(before_it_was_known.made, 1);
    bob.post("services/orders:publish", &json!({ "reason": "ready" }), 200);
    let mocked = calls.call(&gateway, "none");
    assert_eq!((mocked.status, &json_of(&mocked)[0]["id"]), (200, &json!(7)), "{}", mocked.text());

    // Something behind it; others neither see nor change it.
    let upstream =
        json!({ "name": "orders", "endpoints": [{ "address": origin.addr().to_string() }] });
    ada.post("upstreams?team=sellers", &upstream, 201);
    let behind = json!({ "http": { "mock": null, "upstream": "orders" } });
    bob.says("PATCH", "services/orders", &behind, 200);
    assert_eq!(calls.call(&gateway, "none").text(), "a");
    for stranger in [&carol, &dave] {
        stranger.says("GET", "services/orders", &Value::Null, 404);
        stranger.says("PATCH", "services/orders", &behind, 404);
    }
    let revisions = bob.get("services/orders/revisions");
    assert!(revisions["revisions"].as_array().is_some_and(|all| all.len() >= 2), "{revisions}");

    // A plan, and who may see it.
    let shared = json!({ "visibility": "teams", "shared_with": ["buyers"] });
    bob.says("PATCH", "products/orders", &shared, 200);
    let plan = json!({
        "name": "gold",
        "product": "orders",
        "approval": "by_hand",
        "limits": { "requests": "10/h" },
        "questions": [{ "name": "purpose", "label": "What is it for?", "required": true }],
    });
    bob.post("plans?team=sellers", &plan, 201);
    carol.get("products/orders");
    dave.says("GET", "products/orders", &Value::Null, 404);
    dave.says("GET", "plans/gold", &Value::Null, 404);
    assert_eq!(calls.call(&gateway, "none").status, 401, "from now on it takes a subscription");

    // An application asks, is approved and calls.
    carol.post("applications?team=buyers", &json!({ "name": "tills" }), 201);
    let made = carol.post("applications/tills/credentials", &json!({}), 201);
    let (credential, key) = (text(&made["credential"]["id"]), text(&made["secret"]));
    assert_eq!(calls.call(&gateway, &key).status, 403);
    let wanted = json!({ "plan": "gold", "answers": { "purpose": "selling" } });
    carol.post("applications/tills/subscriptions", &json!({ "plan": "gold" }), 422);
    let asked = carol.post("applications/tills/subscriptions", &wanted, 201);
    assert_eq!(asked["state"], "pending");
    assert_eq!(calls.call(&gateway, &key).status, 403, "it waits");
    let inbox = bob.get("subscriptions?state=pending");
    assert_eq!(texts(&inbox["subscriptions"], "application"), ["tills"]);
    assert!(dave.get("subscriptions")["subscriptions"].as_array().is_some_and(Vec::is_empty));
    let subscription = text(&asked["id"]);
    let step = |verb: &str| format!("subscriptions/{subscription}:{verb}");
    carol.says("POST", &step("approve"), &json!({ "reason": "mine" }), 403);
    dave.says("POST", &step("approve"), &json!({ "reason": "mine" }), 404);
    bob.post(&step("approve"), &json!({ "reason": "welcome" }), 200);
    let told = carol.get("notifications?unread=true");
    assert!(!told["notifications"].as_array().expect("a list").is_empty(), "{told}");
    let before = origin.requests().len() as u64;
    let mut limited = 0;
    for _ in 0..12 {
        let answer = calls.call(&gateway, &key);
        match answer.status {
            200 => {}
            429 => {
                limited += 1;
                assert!(answer.get("retry-after").is_some(), "{}", answer.text());
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert_eq!(limited, 2, "ten an hour");
    let served = origin.requests().len() as u64 - before;
    assert_eq!(served, 10);

    // What was used is what client and origin have counted.
    let sum = |who: &Person<'_>, filter: &str, of: &str| {
        let found = who.get(&format!("usage/breakdown?by=service{filter}"));
        let rows = found["rows"].as_array().expect("rows").clone();
        rows.iter().filter_map(|row| row["sums"][of].as_u64()).sum::<u64>()
    };
    eventually("all of it is written", SOON, || {
        (sum(&bob, "&service=orders", "requests") == calls.made).then_some(())
    });
    assert_eq!(sum(&bob, "&service=orders", "errors"), calls.refused);
    assert_eq!(sum(&carol, "&application=tills&status=200", "requests"), served);
    assert_eq!(sum(&bob, "&operation=list_items&plan=gold&status=429", "requests"), limited);
    assert_eq!(sum(&dave, "", "requests"), 0, "nobody of the others called or was called");

    // Keys change hands while both are good; a revoked one is worth nothing.
    bob.says("PATCH", "plans/gold", &json!({ "limits": { "requests": "1000/h" } }), 200);
    let rotate = format!("applications/tills/credentials/{credential}:rotate");
    let next = carol.post(&rotate, &json!({ "grace": "1h" }), 201);
    let next_key = text(&next["secret"]);
    assert_eq!(
        [calls.call(&gateway, &key).status, calls.call(&gateway, &next_key).status],
        [200; 2]
    );
    carol.post(&format!("applications/tills/credentials/{credential}:revoke"), &Value::Null, 200);
    assert_eq!(calls.call(&gateway, &key).status, 401);

    // It ends: told first, refused to new ones, then gone.
    let end = json!({ "sunset_at": "2099-01-01", "successor": "/orders/v2", "reason": "old" });
    bob.post("services/orders:deprecate", &end, 200);
    let answer = calls.call(&gateway, &next_key);
    assert_eq!(answer.status, 200);
    assert!(answer.get("deprecation").is_some_and(|since| since.starts_with('@')));
    assert_eq!(answer.get("sunset"), Some("Thu, 01 Jan 2099 00:00:00 GMT"));
    carol.post("applications?team=buyers", &json!({ "name": "late" }), 201);
    carol.post("applications/late/subscriptions", &wanted, 409);
    bob.post("services/orders:retire", &json!({ "reason": "gone" }), 200);
    let gone = calls.call(&gateway, &next_key);
    assert_eq!(gone.status, 410, "{}", gone.text());

    // The audit log has it all, and the secrets not.
    let audit = ada.get("audit?page_size=200");
    let actions = texts(&audit["audit"], "action");
    for action in [
        "set_up",
        "invite_user",
        "create_team",
        "import_service",
        "publish_service",
        "update_service",
        "denied",
        "create_plan",
        "create_application",
        "create_credential",
        "create_subscription",
        "approve_subscription",
        "rotate_credential",
        "revoke_credential",
        "deprecate_service",
        "retire_service",
    ] {
        assert!(actions.iter().any(|known| known == action), "{action}: {actions:?}");
    }
    let said = audit.to_string();
    for secret in [key.as_str(), next_key.as_str(), PASSWORD] {
        assert!(!said.contains(secret), "a secret is in the audit log");
    }
    // A kill later, it is as it was.
    gateway.kill();
    drop(gateway);
    let options = GatewayOptions::new().data(data);
    let options = match database {
        Some(url) => options.database(url),
        None => options,
    };
    let gateway = options.start(Config::new().web());
    assert_eq!(calls.call(&gateway, &next_key).status, 410);
}

#[test]
fn an_api_is_described_published_subscribed_to_used_and_retired_on_sqlite() {
    let folder = TempDir::new().expect("there is room for a directory");
    walk(folder.path(), None);
}

#[test]
fn an_api_is_described_published_subscribed_to_used_and_retired_on_postgresql() {
    let folder = TempDir::new().expect("there is room for a directory");
    walk(folder.path(), Some(&Postgres::shared().database()));
}
