//! The admin API of the real binary: from the set-up code to traffic, and its description, to which
//! somebody else's tool holds it.

use std::process::Command;

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, GatewayOptions, Origin, Response, tools};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(super) const CODE: &str = "a code of the test's own";
const TOKEN: &str = "the-token-of-the-file";

/// Asks the admin listener, with more fields in the head.
#[track_caller]
pub(super) fn ask(
    gateway: &Gateway,
    method: &str,
    path: &str,
    fields: &[&str],
    body: &Value,
) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = format!("Content-Length: {}", body.len());
    let mut all = vec!["Connection: close", &length, "Content-Type: application/json"];
    all.extend_from_slice(fields);
    let mut bytes = request(method, &gateway.admin().to_string(), path, &all);
    bytes.extend_from_slice(body.as_bytes());
    Client::connect(gateway.admin()).ask(bytes)
}

pub(super) fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("the admin API answers in JSON")
}

/// A set-up gateway; what the first admin shows.
pub(super) fn set_up(gateway: &Gateway) -> [String; 2] {
    let body = json!({
        "code": CODE,
        "email": "ada@example.com",
        "password": "a long password",
        "display_name": "Ada",
    });
    let answer = ask(gateway, "POST", "/api/v1/setup", &[], &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let cookie = answer.get("set-cookie").expect("a session").split(';').next().unwrap_or_default();
    let csrf = json_of(&answer)["csrf_token"].as_str().expect("a token").to_owned();
    [format!("Cookie: {cookie}"), format!("X-CSRF-Token: {csrf}")]
}

#[test]
fn what_is_made_by_the_api_carries_traffic_at_once_and_after_a_restart() {
    let folder = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    let start = || {
        let options = GatewayOptions::new().data(folder.path()).env("ARCHITRAVE_SETUP_CODE", CODE);
        options.start(Config::new().web())
    };
    let gateway = start();
    let early = ask(&gateway, "GET", "/api/v1/services", &[], &Value::Null);
    assert_eq!(early.status, 401, "{}", early.text());
    let shown = set_up(&gateway);
    let shown = [shown[0].as_str(), shown[1].as_str()];
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 404);
    let upstream = json!({
        "name": "orders",
        "endpoints": [{ "address": origin.addr().to_string() }],
    });
    let service = json!({ "name": "orders", "http": { "upstream": "orders" } });
    let route = json!({ "name": "orders", "service": "orders" });
    for (kind, body) in [("upstreams", upstream), ("services", service), ("routes", route)] {
        let answer = ask(&gateway, "POST", &format!("/api/v1/{kind}"), &shown, &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "a");
    gateway.kill();
    let gateway = start();
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "a");
    let path = "/api/v1/routes/orders";
    let route = ask(&gateway, "GET", path, &shown, &Value::Null);
    assert_eq!(route.status, 200, "the session outlives the process: {}", route.text());
    let condition = format!("If-Match: {}", route.get("etag").expect("an etag"));
    let fields = [shown[0], shown[1], &condition];
    let gone = ask(&gateway, "DELETE", path, &fields, &Value::Null);
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 404);
    let audit = json_of(&ask(&gateway, "GET", "/api/v1/audit", &shown, &Value::Null));
    assert_eq!(audit["audit"][0]["action"], "delete_route");
    assert_eq!(audit["audit"][0]["actor_name"], "ada@example.com");
    let other = ask(&gateway, "GET", "/api/v1/upstreams", &[], &Value::Null);
    assert_eq!(other.status, 401, "whoever is on the machine has to sign in as well");
}

/// As many requests for each operation as take about a minute.
const EXAMPLES: &str = "4";

#[test]
fn the_description_is_what_the_gateway_does() {
    let folder = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    let config = Config::single(origin.addr()).to_string();
    assert!(config.contains("admin: { address: \"127.0.0.1:0\" }"), "{config}");
    let admin = format!("admin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}");
    let config = config.replace("admin: { address: \"127.0.0.1:0\" }", &admin);
    let gateway = GatewayOptions::new().data(folder.path()).start(config);
    let mut command = Command::new(tools::schemathesis());
    command.arg("run").arg(format!("http://{}/openapi.json", gateway.admin()));
    command.args(["--header", &format!("Authorization: Bearer {TOKEN}")]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES]);
    command.args(["--seed", "1", "--workers", "1", "--no-color", "--warnings", "off"]);
    command.args(["--generation-database", "none", "--suppress-health-check", "all"]);
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                  response_headers_conformance,response_schema_conformance";
    command.args(["--checks", checks, "--continue-on-failure"]);
    // It answers for as long as somebody listens; a test of its own does (`usage.rs`).
    command.args(["--exclude-operation-id", "tail_requests"]);
    command.current_dir(folder.path());
    let output = command.output().expect("schemathesis can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(gateway.admin_get("/healthz").status, 200, "it still lives");
}
