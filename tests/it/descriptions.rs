//! Descriptions of APIs, as callers meet them: answers before there is a service, operations that
//! are told to end, and the name of the operation in the log.

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, Origin, Reloaded, Response, SOON};
use serde_json::{Value, json};

const ORDERS: &str = "\
openapi: 3.1.0
info: { title: Orders, version: '1.2' }
servers: [{ url: https://api.example/v1 }]
paths:
  /orders:
    get:
      operationId: list_orders
      parameters: [{ name: limit, in: query, schema: { type: integer, maximum: 10 } }]
      responses:
        '200': { description: d, content: { application/json: { examples: { two: { value: [1, 2] }, none: { value: [] } } } } }
        '404': { description: d, content: { application/json: { example: { gone: true } } } }
    post:
      operationId: make_order
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }
      responses: { '201': { description: d, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } } }
  /orders/{id}:
    get:
      deprecated: true
      x-deprecated-at: '2026-10-01'
      x-sunset: '2099-04-01'
      externalDocs: { url: https://example.com/ends }
      responses: { '200': { description: d, content: { text/plain: { example: an order } } } }
components:
  schemas:
    Order: { type: object, required: [item], properties: { id: { type: integer, readOnly: true }, item: { type: string, minLength: 2 } } }
";

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// A mock of the orders, below /shop/v1 and, as the description has it, below /v1.
fn mock(life: &str) -> Gateway {
    let service = format!("http: {{ mock: {{}} }}\n{life}\napi:\n  text: |\n{}", indented(ORDERS));
    Gateway::start(
        Config::new()
            .web()
            .service("orders", &service)
            .route(
                "shop",
                "match: [{ path: { prefix: /shop } }]\nservice: orders\npolicies: { rewrite: { strip_prefix: /shop } }",
            )
            .route("orders", "service: orders"),
    )
}

fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or(Value::Null)
}

fn ask(gateway: &Gateway, path: &str, fields: &[&str]) -> Response {
    get(gateway.web(), "api.example", path, fields)
}

#[test]
fn a_mock_answers_before_there_is_a_service() {
    let gateway = mock("");
    let first = ask(&gateway, "/v1/orders?limit=5", &[]);
    assert_eq!((first.status, body(&first)), (200, json!([1, 2])));
    let named = ask(&gateway, "/shop/v1/orders", &["Prefer: example=none"]);
    assert_eq!((named.status, body(&named)), (200, json!([])));
    let missing = ask(&gateway, "/v1/orders", &["Prefer: code=404"]);
    assert_eq!((missing.status, body(&missing)), (404, json!({ "gone": true })));
    let refused = ask(&gateway, "/v1/orders?limit=50", &[]);
    assert_eq!(
        (refused.status, refused.head.get("content-type")),
        (400, Some("application/problem+json"))
    );
    assert_eq!(body(&refused)["errors"][0]["parameter"], json!({ "in": "query", "name": "limit" }));
    assert_eq!(ask(&gateway, "/v1/none", &[]).status, 404);
}

#[test]
fn a_mock_judges_bodies() {
    let gateway = mock("");
    let post = |body: &str| {
        let length = format!("Content-Length: {}", body.len());
        let fields = ["Content-Type: application/json", &length];
        let mut bytes = request("POST", "api.example", "/v1/orders", &fields);
        bytes.extend_from_slice(body.as_bytes());
        Client::connect(gateway.web()).ask(bytes)
    };
    let made = post("{\"item\":\"hat\"}");
    assert_eq!((made.status, body(&made)), (201, json!({ "id": 1, "item": "string" })));
    let wrong = post("{\"item\":\"h\"}");
    assert_eq!((wrong.status, &body(&wrong)["errors"][0]["pointer"]), (422, &json!("/item")));
    assert_eq!(post("{").status, 400);
    // What is large is judged beside the worker, and just the same.
    let large = format!("{{\"item\":\"{}\"}}", "x".repeat(300_000));
    assert_eq!(post(&large).status, 201);
    assert_eq!(post(&"x".repeat(3 << 20)).status, 413);
}

#[test]
fn only_the_deprecated_operation_is_told_to_end() {
    let gateway = mock("");
    let old = ask(&gateway, "/v1/orders/7", &[]);
    assert_eq!((old.status, old.head.get("deprecation")), (200, Some("@1790812800")));
    assert_eq!(old.head.get("sunset"), Some("Wed, 01 Apr 2099 00:00:00 GMT"));
    let links = [
        "<https://example.com/ends>; rel=\"deprecation\"",
        "<https://example.com/ends>; rel=\"sunset\"",
    ];
    assert_eq!(old.head.all("link"), links);
    let other = ask(&gateway, "/v1/orders", &[]);
    assert_eq!((other.head.get("deprecation"), other.head.get("sunset")), (None, None));
    // The earliest date of each counts.
    let gateway = mock("deprecated_at: 2026-09-01\nsunset_at: 2100-01-01");
    let both = ask(&gateway, "/v1/orders/7", &[]);
    assert_eq!(both.head.all("deprecation"), ["@1788220800"]);
    assert_eq!(both.head.all("sunset"), ["Wed, 01 Apr 2099 00:00:00 GMT"]);
    let service = ask(&gateway, "/v1/orders", &[]);
    assert_eq!(service.head.get("sunset"), Some("Fri, 01 Jan 2100 00:00:00 GMT"));
}

#[test]
fn the_operation_of_an_origin_is_known_and_logged() {
    let origin = Origin::named("a");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.yaml");
    std::fs::write(&file, ORDERS).unwrap();
    let gateway = Gateway::start(
        Config::new()
            .web()
            .upstream("origin", &[origin.addr()], "")
            .service(
                "orders",
                &format!("http: {{ upstream: origin }}\napi: {{ file: \"{}\" }}", file.display()),
            )
            .route("orders", "service: orders")
            .access_log("{ stdout: {} }"),
    );
    assert_eq!(ask(&gateway, "/v1/orders", &[]).status, 200);
    assert_eq!(ask(&gateway, "/v1/orders/7", &[]).head.get("deprecation"), Some("@1790812800"));
    assert_eq!(ask(&gateway, "/elsewhere", &[]).status, 200, "the description keeps nobody out");
    let operation = |path: &str| {
        gateway.stdout().wait_for(&format!("a line about {path}"), 0, SOON, |line| {
            let line: Value = serde_json::from_str(line).expect("every line is JSON");
            (line["path"] == path).then(|| line["operation"].clone())
        })
    };
    assert_eq!(operation("/v1/orders"), json!("list_orders"));
    assert_eq!(operation("/v1/orders/7"), json!("GET /orders/{id}"));
    assert_eq!(operation("/elsewhere"), Value::Null);
}

#[test]
fn a_description_that_is_none_is_refused_with_its_place() {
    let gateway = mock("");
    let file = std::fs::read_to_string(gateway.config_file()).unwrap();
    let wrong = file.replace("'#/components/schemas/Order'", "'http://169.254.169.254/x#/Order'");
    let Reloaded::Refused(why) = gateway.reload(wrong) else { panic!("it was taken") };
    assert!(why.contains("is outside of the description and is never fetched"), "{why}");
    assert_eq!(ask(&gateway, "/v1/orders", &[]).status, 200);
}
