//! Providers tested over the API: the gateway's own mock, by a service of its own in everybody's
//! words, stands for those of others.

use architrave_testkit::{Gateway, GatewayOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::{ask, json_of};

const TOKEN: &str = "the-token-of-the-file";
const KEY: &str = "house-key-A1b2C3d4E5f6";

const FILE: &str = "version: 1
admin: { address: \"127.0.0.1:0\", token: the-token-of-the-file }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
services: [{ name: ai, llm: { models: [\"*\"] } }]
routes:
  - name: ai
    service: ai
    policies: { key_auth: { headers: [authorization, x-api-key, x-goog-api-key] } }
consumers: [{ name: c, credentials: [{ api_key: house-key-A1b2C3d4E5f6 }] }]
providers: [{ name: pretend, kind: mock }]
models: [{ name: small, deployments: [{ provider: pretend, model: echo }] }]
";

fn tell(gateway: &Gateway, path: &str, body: &Value) -> Value {
    let authorization = format!("Authorization: Bearer {TOKEN}");
    let answer = ask(gateway, "POST", &format!("/api/v1/providers{path}"), &[&authorization], body);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    json_of(&answer)
}

fn provider(kind: &str, url: &str, key: &str) -> Value {
    json!({ "name": "lab", "kind": kind, "base_url": url, "credentials": [{ "value": key }] })
}

#[test]
fn a_provider_is_tested_before_it_is_saved_whatever_it_speaks() {
    let folder = TempDir::new().expect("there is room for a directory");
    let gateway = GatewayOptions::new().data(folder.path()).start(FILE);
    let web = gateway.web();
    for (kind, url) in [
        ("openai", format!("http://{web}/v1")),
        ("openai_compatible", format!("http://{web}/v1")),
        ("anthropic", format!("http://{web}")),
        ("gemini", format!("http://{web}/v1beta")),
        ("cohere", format!("http://{web}")),
    ] {
        let told = tell(&gateway, ":test", &provider(kind, &url, KEY));
        assert_eq!(told["passed"], true, "{kind}: {told}");
        let test = &told["credentials"][0];
        assert_eq!(test["authenticated"], true, "{kind}: {told}");
        assert_eq!(test["address"], web.to_string());
        let models = test["models"].as_array().expect("a list");
        let is_small = |name: &Value| name.as_str().is_some_and(|name| name.ends_with("small"));
        assert!(models.iter().any(is_small), "{kind}: {told}");
        let told = tell(&gateway, ":test?model=small", &provider(kind, &url, KEY));
        assert_eq!((&told["passed"], &told["model"]), (&json!(true), &json!("small")), "{told}");
        assert_eq!(told["credentials"][0]["authenticated"], true, "{kind}: {told}");
        let told = tell(&gateway, ":test", &provider(kind, &url, "wrong-key-A1b2C3d4E5f6"));
        let test = &told["credentials"][0];
        assert_eq!((&told["passed"], &test["status"]), (&json!(false), &json!(401)), "{told}");
        assert_eq!(test["error"]["reason"], "credential_refused", "{kind}: {told}");
        assert_eq!(test["authenticated"], false, "{kind}: {told}");
        assert!(!told.to_string().contains("A1b2C3d4E5f6"), "{told}");
    }
    let told =
        tell(&gateway, ":test?model=none", &provider("openai", &format!("http://{web}/v1"), KEY));
    assert_eq!(told["credentials"][0]["error"]["reason"], "not_found", "{told}");
    // Nobody is there.
    let told = tell(&gateway, ":test", &provider("openai", "http://127.0.0.1:1/v1", KEY));
    assert_eq!(told["credentials"][0]["error"]["reason"], "not_connected", "{told}");
    assert_eq!(told["credentials"][0]["reachable"], false);
    // Metadata of clouds is asked by nobody.
    let told = tell(&gateway, ":test", &provider("openai", "http://169.254.169.254/v1", KEY));
    assert_eq!(told["credentials"][0]["error"]["reason"], "address_not_allowed", "{told}");
    // One of the file, and one within the gateway.
    let told = tell(&gateway, "/pretend:test", &Value::Null);
    assert_eq!((&told["passed"], &told["provider"]), (&json!(true), &json!("pretend")), "{told}");
    let failing =
        json!({ "name": "m", "kind": "mock", "mock": { "fail_percent": 100, "fail_status": 529 } });
    let told = tell(&gateway, ":test", &failing);
    assert_eq!(told["credentials"][0]["error"]["reason"], "overloaded", "{told}");
    let log = gateway.stderr().lines().join("\n");
    assert!(!log.contains("A1b2C3d4E5f6"), "{log}");
}
