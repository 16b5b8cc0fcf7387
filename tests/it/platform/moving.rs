//! Everything of one database in another: what was offered, to whom, and the keys that go on; and
//! what is refused of a file, as an operator would be refused it by the API.

use std::path::Path;
use std::process::{Command, Output};

use architrave_testkit::client::request;
use architrave_testkit::{Client, Gateway, GatewayOptions, Origin, Postgres, tools};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::{ask, json_of};

const TOKEN: &str = "the-token-of-the-file";

const FILE: &str = "version: 1
admin: { address: \"127.0.0.1:0\", token: the-token-of-the-file }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
";

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(tools::gateway());
    let Output { status, stdout, stderr } = command.args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

#[track_caller]
fn fine(arguments: &[&str]) -> (String, String) {
    let (code, out, said) = run(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    (out, said)
}

#[track_caller]
fn tell(gateway: &Gateway, method: &str, path: &str, body: &Value, status: u16) -> Value {
    let authorization = format!("Authorization: Bearer {TOKEN}");
    let answer = ask(gateway, method, &format!("/api/v1/{path}"), &[&authorization], body);
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    json_of(&answer)
}

fn call(gateway: &Gateway, key: &str) -> u16 {
    let field = format!("X-Api-Key: {key}");
    Client::connect(gateway.web()).ask(request("GET", "h", "/orders", &[&field])).status
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("a path in UTF-8")
}

fn folder() -> TempDir {
    TempDir::new().expect("there is room for a directory")
}

/// Writes down the file that lies over a database.
fn over(folder: &Path) -> String {
    let file = folder.join("gateway.yaml");
    std::fs::write(&file, FILE).expect("there is room for a file");
    path(&file).to_owned()
}

/// Teams, a service of one of them that is offered by two plans, and applications with keys and
/// subscriptions in every state; a key.
fn fill(gateway: &Gateway, origin: &Origin) -> String {
    for team in ["sellers", "buyers"] {
        tell(gateway, "POST", "teams", &json!({ "name": team }), 201);
    }
    let buyers = json!({
        "name": "buyers",
        "display_name": "Those who buy",
        "budgets": [{ "money": "500 USD", "per": "month" }],
    });
    tell(gateway, "POST", "objects:apply", &json!({ "teams": [buyers] }), 200);
    tell(gateway, "POST", "teams", &json!({ "name": "idle" }), 201);
    let upstream =
        json!({ "name": "orders", "endpoints": [{ "address": origin.addr().to_string() }] });
    tell(gateway, "POST", "upstreams?team=sellers", &upstream, 201);
    let service = json!({ "name": "orders", "http": { "upstream": "orders" } });
    tell(gateway, "POST", "services?team=sellers", &service, 201);
    let route = json!({ "name": "orders", "service": "orders" });
    tell(gateway, "POST", "routes?team=sellers", &route, 201);
    let product = json!({ "name": "shop", "services": ["orders"], "visibility": "public" });
    tell(gateway, "POST", "products?team=sellers", &product, 201);
    tell(gateway, "POST", "plans?team=sellers", &json!({ "name": "gold", "product": "shop" }), 201);
    let slow = json!({
        "name": "slow",
        "product": "shop",
        "approval": "by_hand",
        "questions": [{ "name": "purpose", "label": "What is it for?", "required": true }],
    });
    tell(gateway, "POST", "plans?team=sellers", &slow, 201);
    let tills = json!({ "name": "tills", "description": "at the \"door\"" });
    tell(gateway, "POST", "applications?team=buyers", &tills, 201);
    tell(gateway, "POST", "applications", &json!({ "name": "alone" }), 201);
    let key = |application: &str, body: &Value| {
        let path = format!("applications/{application}/credentials");
        let made = tell(gateway, "POST", &path, body, 201);
        (made["secret"].as_str().expect("a key").to_owned(), made["credential"]["id"].clone())
    };
    let (secret, _) = key("tills", &json!({ "name": "main" }));
    key("tills", &json!({ "name": "until then", "expires_at": "2199-01-31T00:00:00Z" }));
    let (_, revoked) = key("tills", &json!({}));
    let revoked = revoked.as_str().expect("an id");
    let revoke = format!("applications/tills/credentials/{revoked}:revoke");
    tell(gateway, "POST", &revoke, &Value::Null, 200);
    let subscribe = |application: &str, body: &Value| {
        let path = format!("applications/{application}/subscriptions");
        let made = tell(gateway, "POST", &path, body, 201);
        made["id"].as_str().expect("an id").to_owned()
    };
    subscribe("tills", &json!({ "plan": "gold" }));
    let answers = json!({ "purpose": "yes: #1" });
    subscribe("tills", &json!({ "plan": "slow", "answers": answers }));
    let suspended = subscribe("alone", &json!({ "plan": "gold" }));
    // Who was there before goes on, wherever it is moved to.
    tell(gateway, "POST", "services/orders:deprecate", &json!({ "reason": "too old" }), 200);
    tell(
        gateway,
        "POST",
        &format!("subscriptions/{suspended}:suspend"),
        &json!({ "reason": "unpaid" }),
        200,
    );
    secret
}

#[test]
fn a_database_is_moved_to_another_and_back_and_keys_go_on() {
    let (one, two, three) = (folder(), folder(), folder());
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().data(one.path()).start(FILE);
    let secret = fill(&gateway, &origin);
    assert_eq!(call(&gateway, &secret), 200);
    let (file, config) = (one.path().join("moved.yaml"), over(one.path()));
    // While the gateway runs.
    let (first, said) = fine(&["export", "--data", path(one.path()), "--config", &config]);
    assert!(!first.contains(&secret), "{first}");
    for part in [
        "team: sellers",
        "name: idle",
        "500 USD",
        "api_key_hash",
        "state: suspended",
        "reason: unpaid",
        "purpose",
        "2199-01-31",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(!said.contains("left out"), "{said}");
    std::fs::write(&file, &first).expect("there is room for a file");
    let diff = ["diff", path(&file), "--data", path(one.path()), "--config", &config];
    assert_eq!(run(&diff), (Some(0), String::new(), String::new()));
    gateway.kill();

    let url = Postgres::shared().database();
    let there = ["--database", &url, "--data", path(two.path()), "--config", &config];
    let (_, said) = fine(&[&["apply", path(&file)][..], &there].concat());
    assert!(said.contains("+ team buyers\n") && said.contains("+ application tills\n"), "{said}");
    assert!(said.contains("+ subscription alone to gold\n"), "{said}");
    let (second, _) = fine(&[&["export"][..], &there].concat());
    assert_eq!(second, first);
    let (_, said) = fine(&[&["apply", path(&file), "--prune"][..], &there].concat());
    assert!(said.ends_with("0 changes\n"), "{said}");
    let gateway = GatewayOptions::new().data(two.path()).database(&url).start(FILE);
    assert_eq!(call(&gateway, &secret), 200, "the key goes on");
    let waiting = tell(&gateway, "GET", "subscriptions?state=pending", &Value::Null, 200);
    assert_eq!(waiting["subscriptions"][0]["answers"]["purpose"], "yes: #1", "{waiting}");
    let service = tell(&gateway, "GET", "services/orders", &Value::Null, 200);
    assert_eq!(service["team"], "sellers", "{service}");
    let buyers = tell(&gateway, "GET", "teams/buyers", &Value::Null, 200);
    assert_eq!(buyers["display_name"], "Those who buy", "{buyers}");
    assert_eq!(buyers["budgets"], json!([{ "money": "500 USD", "per": "month" }]), "{buyers}");
    let audit = tell(&gateway, "GET", "audit?action=apply", &Value::Null, 200);
    assert_eq!(audit["audit"][0]["via"], "cli", "{audit}");
    assert_eq!(audit["audit"][0]["actor"], "system", "{audit}");
    gateway.kill();

    let back = ["--data", path(three.path()), "--config", &config];
    fine(&[&["apply", path(&file)][..], &back].concat());
    let (third, _) = fine(&[&["export"][..], &back].concat());
    assert_eq!(third, first);
}

#[test]
fn a_plan_with_subscriptions_goes_only_when_that_is_said() {
    let data = folder();
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().data(data.path()).start(FILE);
    let secret = fill(&gateway, &origin);
    gateway.kill();
    let (file, config) = (data.path().join("next.yaml"), over(data.path()));
    let at = ["--data", path(data.path()), "--config", &config];
    let (whole, _) = fine(&[&["export"][..], &at].concat());
    // The same without the plan `gold`, and without a word of who calls.
    let kept: String = whole.split("\napplications:").next().unwrap_or_default().to_owned();
    let kept: Vec<&str> = kept.lines().filter(|line| !line.contains("name: gold")).collect();
    std::fs::write(&file, kept.join("\n")).expect("there is room for a file");
    let (code, told, _) = run(&[&["diff", path(&file)][..], &at].concat());
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("- plan gold\n"), "{told}");
    assert!(told.contains("! apply --prune would be refused: 2 subscriptions are"), "{told}");
    assert!(!told.contains("! apply would"), "{told}");
    for who in ["tills to gold", "alone to gold"] {
        let line = format!("! with --end-subscriptions would end: the subscription of {who}\n");
        assert!(told.contains(&line), "{told}");
    }
    let (code, _, said) = run(&[&["apply", path(&file), "--prune"][..], &at].concat());
    assert_eq!(code, Some(1), "{said}");
    for who in
        ["tills has a subscription that is active", "alone has a subscription that is suspended"]
    {
        assert!(said.contains(who), "{said}");
    }
    assert_eq!(fine(&[&["export"][..], &at].concat()).0, whole, "nothing was written");
    let ends = ["apply", path(&file), "--prune", "--end-subscriptions", "--reason", "it is over"];
    let (_, said) = fine(&[&ends[..], &at].concat());
    for who in ["tills to gold", "alone to gold"] {
        assert!(said.contains(&format!("ended: the subscription of {who}\n")), "{said}");
    }
    let gateway = GatewayOptions::new().data(data.path()).start(FILE);
    assert_eq!(call(&gateway, &secret), 403, "its subscription is over");
    let audit = tell(&gateway, "GET", "audit?action=apply", &Value::Null, 200);
    let after = &audit["audit"][0]["after"];
    assert_eq!(after["reason"], "it is over", "{audit}");
    let ended = after["ended_subscriptions"].to_string();
    assert!(ended.contains("tills to gold") && ended.contains("alone to gold"), "{ended}");
}

/// A description with one operation, or two.
fn description(with_second: bool) -> String {
    let second =
        "\n          /b: { get: { operationId: b, responses: { \"200\": { description: ok } } } }";
    format!(
        "version: 1
upstreams: [{{ name: app, endpoints: [{{ address: \"127.0.0.1:1\" }}] }}]
services:
  - name: app
    http: {{ upstream: app }}
    api:
      text: |
        openapi: 3.0.3
        info: {{ title: App, version: \"1\" }}
        paths:
          /a: {{ get: {{ operationId: a, responses: {{ \"200\": {{ description: ok }} }} }} }}{}
",
        if with_second { second } else { "" }
    )
}

#[test]
fn what_breaks_callers_is_applied_only_by_who_says_why_and_told_before() {
    let data = folder();
    let file = data.path().join("app.yaml");
    let at = ["--data", path(data.path())];
    let write = |with_second: bool| {
        std::fs::write(&file, description(with_second)).expect("there is room for a file");
    };
    write(true);
    fine(&[&["apply", path(&file)][..], &at].concat());
    write(false);
    let (code, told, _) = run(&[&["diff", path(&file)][..], &at].concat());
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("! apply would be refused: a change breaks callers"), "{told}");
    let (code, _, said) = run(&[&["apply", path(&file)][..], &at].concat());
    assert!(code == Some(1) && said.contains("breaks callers"), "{said}");
    let (code, _, said) = run(&[&["apply", path(&file), "--override"][..], &at].concat());
    assert!(code == Some(2) && said.contains("--reason"), "{said}");
    let over = ["apply", path(&file), "--override", "--reason", "nobody calls b"];
    fine(&[&over[..], &at].concat());
    assert_eq!(run(&[&["diff", path(&file)][..], &at].concat()).0, Some(0));
    let gateway = GatewayOptions::new().data(data.path()).start(FILE);
    let audit = tell(&gateway, "GET", "audit?action=apply", &Value::Null, 200);
    let overridden = &audit["audit"][0]["after"]["override"];
    assert_eq!(overridden["reason"], "nobody calls b", "{audit}");
    let revisions = tell(&gateway, "GET", "services/app/revisions", &Value::Null, 200);
    assert_eq!(revisions["revisions"].as_array().map(Vec::len), Some(2), "{revisions}");
}

#[test]
fn keys_of_a_gateway_file_are_shown_without_what_they_are_and_changed_there_alone() {
    let digest = "ab".repeat(32);
    let file = format!(
        "{FILE}applications:
  - name: tills
    credentials:
      - api_key: a-long-key-of-the-tills-wxyz
      - api_key_hash: {{ sha256: {digest}, name: main, prefix: arc_key_, last4: abcd, expires_at: 2199-01-31T00:00:00Z }}
"
    );
    let data = folder();
    let without = GatewayOptions::new().start(file.clone());
    let with = GatewayOptions::new().data(data.path()).start(file);
    for gateway in [without, with] {
        let keys = "applications/tills/credentials";
        let all = tell(&gateway, "GET", keys, &Value::Null, 200);
        assert!(!all.to_string().contains("long-key"), "{all}");
        let all = all["credentials"].as_array().expect("a list").clone();
        let told: Vec<String> = (all.iter())
            .map(|key| format!("{} {} {} {}", key["id"], key["name"], key["last4"], key["origin"]))
            .collect();
        assert_eq!(told, [r#""file-1" "key" "wxyz" "file""#, r#""file-2" "main" "abcd" "file""#,]);
        let one = tell(&gateway, "GET", &format!("{keys}/file-2"), &Value::Null, 200);
        assert_eq!(one["expires_at"], "2199-01-31T00:00:00.000000Z", "{one}");
        tell(&gateway, "GET", &format!("{keys}/file-3"), &Value::Null, 404);
        let page = tell(&gateway, "GET", &format!("{keys}?page_size=1"), &Value::Null, 200);
        let next = page["next_page_token"].as_str().expect("there is more");
        let path = format!("{keys}?page_size=1&page_token={next}");
        let page = tell(&gateway, "GET", &path, &Value::Null, 200);
        assert_eq!(
            (&page["credentials"][0]["id"], &page["next_page_token"]),
            (&json!("file-2"), &Value::Null)
        );
        tell(&gateway, "POST", &format!("{keys}/file-1:revoke"), &Value::Null, 409);
    }
}

#[test]
fn a_database_is_copied_whole_with_people_and_history() {
    let data = folder();
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().data(data.path()).start(FILE);
    let secret = fill(&gateway, &origin);
    let invited = json!({ "email": "grace@example.com", "display_name": "Grace" });
    tell(&gateway, "POST", "users", &invited, 201);
    let member = json!({ "role": "owner" });
    tell(&gateway, "PUT", "teams/buyers/members/grace@example.com", &member, 200);
    assert_eq!(call(&gateway, &secret), 200);
    let before = tell(&gateway, "GET", "audit?page_size=200", &Value::Null, 200);
    let before = before["audit"].as_array().expect("a list").clone();
    let config = over(data.path());
    let url = Postgres::shared().database();
    let copy = ["copy", "--data", path(data.path()), "--config", &config, "--to", &url];
    let (code, _, said) = run(&copy);
    assert!(code == Some(1) && !said.contains(&url), "a gateway runs: {said}");
    gateway.terminate();
    let (_, said) = fine(&copy);
    assert!(said.contains("users: 1\n") && said.contains("memberships: 1\n"), "{said}");
    assert!(said.contains("what was used: "), "{said}");
    let (code, _, said) = run(&copy);
    assert!(code == Some(1) && said.contains("it must be empty"), "{said}");
    // With the same data folder, as it is said there.
    let gateway = GatewayOptions::new().data(data.path()).database(&url).start(FILE);
    assert_eq!(call(&gateway, &secret), 200, "the key goes on");
    let members = tell(&gateway, "GET", "teams/buyers/members", &Value::Null, 200);
    assert_eq!(members["members"][0]["email"], "grace@example.com", "{members}");
    let after = tell(&gateway, "GET", "audit?page_size=200", &Value::Null, 200);
    let after = after["audit"].as_array().expect("a list").clone();
    let copied = after.iter().position(|row| row["action"] == "copy_database");
    let copied = copied.expect("a row says so");
    assert_eq!(after[copied + 1..], before[..], "all that was there, as it was");
    let revisions = tell(&gateway, "GET", "services/orders/revisions", &Value::Null, 200);
    assert!(revisions["revisions"].as_array().is_some_and(|all| !all.is_empty()), "{revisions}");
}
