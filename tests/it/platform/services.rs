//! Services from their descriptions, through the API of the real binary: imported, mocked, published,
//! and moved to a file and back.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, GatewayOptions, Response, Stopwatch};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-the-file";

fn ask(gateway: &Gateway, method: &str, path: &str, body: &Value) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = format!("Content-Length: {}", body.len());
    let token = format!("Authorization: Bearer {TOKEN}");
    let fields = ["Connection: close", &length, &token, "Content-Type: application/json"];
    let mut bytes = request(method, &gateway.admin().to_string(), path, &fields);
    bytes.extend_from_slice(body.as_bytes());
    Client::connect(gateway.admin()).ask(bytes)
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("the admin API answers in JSON")
}

/// A description of several hundred operations.
fn large() -> String {
    let mut text = String::from(
        "openapi: 3.0.3\ninfo: { title: Large, version: '1' }\nservers: [{ url: /v1 }]\npaths:\n",
    );
    for at in 0..200 {
        let _infallible = write!(
            text,
            "  /things{at}/{{id}}:\n    parameters: [{{ name: id, in: path, required: true, schema: {{ type: integer }} }}]\n    \
             get: {{ operationId: get_{at}, responses: {{ '200': {{ description: d, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Thing' }} }} }} }} }} }}\n    \
             put: {{ operationId: put_{at}, deprecated: true, requestBody: {{ content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Thing' }} }} }} }}, responses: {{ '204': {{ description: d }} }} }}\n"
        );
    }
    text.push_str("components: { schemas: { Thing: { type: object, required: [id], properties: { id: { type: integer, minimum: 7 }, of: { $ref: '#/components/schemas/Thing' } } } } }\n");
    text
}

#[test]
fn a_service_of_hundreds_of_operations_is_imported_mocked_and_published() {
    let folder = TempDir::new().expect("there is room for a directory");
    let config = Config::new().web().to_string();
    let admin = format!("admin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}");
    let config = config.replace("admin: { address: \"127.0.0.1:0\" }", &admin);
    let start = || GatewayOptions::new().data(folder.path()).start(&config);
    let gateway = start();
    let body = json!({ "description": large(), "routes": "operations" });
    let made = ask(&gateway, "POST", "/api/v1/services/things:import", &body);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(json_of(&made)["description"]["operations"], 400);
    assert_eq!(get(gateway.web(), "h", "/v1/things3/8", &[]).status, 404, "a draft is not routed");
    let published = ask(&gateway, "POST", "/api/v1/services/things:publish", &json!({}));
    assert_eq!(published.status, 200, "{}", published.text());
    let answer = get(gateway.web(), "h", "/v1/things3/8", &[]);
    assert_eq!((answer.status, &json_of(&answer)["id"]), (200, &json!(7)), "{}", answer.text());
    assert_eq!(get(gateway.web(), "h", "/v1/others", &[]).status, 404, "what is not described");
    assert_eq!(get(gateway.web(), "h", "/v1/things3/x", &[]).status, 400);
    gateway.kill();
    let gateway = start();
    assert_eq!(get(gateway.web(), "h", "/v1/things199/8", &[]).status, 200);
    let less = large().replace("/things0/", "/thing0/");
    let refused =
        ask(&gateway, "POST", "/api/v1/services/things:import", &json!({ "description": less }));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(json_of(&refused)["code"], "breaking_changes");
    let shown = ask(&gateway, "GET", "/api/v1/services/things/api", &Value::Null);
    assert_eq!(shown.text(), large());
    let difference = ask(&gateway, "GET", "/api/v1/services/things/revisions", &Value::Null);
    assert_eq!(json_of(&difference)["revisions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_description_as_long_as_the_longest_published_ones_is_taken() {
    let folder = TempDir::new().expect("there is room for a directory");
    let config = Config::new().web().to_string();
    let admin = format!("admin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}");
    let config = config.replace("admin: { address: \"127.0.0.1:0\" }", &admin);
    let gateway = GatewayOptions::new().data(folder.path()).start(&config);
    let path = "/api/v1/services/things:import?validate_only=true";
    let with = |bytes: usize| {
        let long = format!("{}x-notes: >\n  {}\n", large(), "\"words\" ".repeat(bytes / 8));
        ask(&gateway, "POST", path, &json!({ "description": long }))
    };
    let taken = with(12 << 20);
    assert_eq!(taken.status, 200, "{}", taken.text());
    let refused = with(17 << 20);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("longer than 16 MiB"), "{}", refused.text());
}

/// A description with so many operations, each with a schema of its own.
fn very_large(operations: usize, word: &str) -> String {
    let mut text = format!(
        "openapi: 3.1.0\ninfo: {{ title: Large, version: '1', summary: {word} }}\npaths:\n"
    );
    for number in 0..operations {
        let _infallible = write!(
            text,
            "  /things/{number}/{{id}}:\n    get:\n      operationId: get{number}\n      \
             parameters: [{{ name: id, in: path, required: true, schema: {{ type: string }} }}]\n      \
             responses:\n        '200':\n          description: one of the things, {word}\n          \
             content: {{ application/json: {{ schema: {{ type: object, properties: {{ a: {{ type: \
             string }}, b: {{ type: integer }} }} }} }} }}\n"
        );
    }
    text
}

#[test]
fn while_a_large_description_is_taken_in_others_write() {
    let folder = TempDir::new().expect("there is room for a directory");
    let file = "version: 1\nadmin: { address: \"127.0.0.1:0\", token: the-token-of-the-file }\n";
    let gateway = GatewayOptions::new().data(folder.path()).start(file);
    let import = |word: &str| {
        let body = json!({ "description": very_large(2_000, word) });
        let watch = Stopwatch::start();
        let answer = ask(&gateway, "POST", "/api/v1/services/large:import", &body);
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        watch.elapsed()
    };
    import("first");
    let is_over = AtomicBool::new(false);
    let (taken, waits) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut waits = Vec::new();
            while !is_over.load(Ordering::Acquire) {
                let body = json!({ "name": format!("t-{}", waits.len()) });
                let watch = Stopwatch::start();
                let answer = ask(&gateway, "POST", "/api/v1/teams", &body);
                assert_eq!(answer.status, 201, "{}", answer.text());
                waits.push(watch.elapsed());
            }
            waits
        });
        let taken = import("second");
        is_over.store(true, Ordering::Release);
        (taken, writing.join().expect("it writes"))
    });
    let longest = waits.iter().max().copied().unwrap_or_default();
    assert!(waits.len() > 3, "{waits:?}");
    assert!(longest < taken / 2, "{longest:?} of {taken:?}");
}
