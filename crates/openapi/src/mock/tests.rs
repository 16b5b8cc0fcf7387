//! Which answer comes, and that what is made up fits the schema that it is made from.

use architrave_config::{ApiAnswer, ApiRequest};
use serde_json::{Value, json};

use super::{Mock, sample};
use crate::schema::SchemaCompiler;
use crate::tests::{described, described_30};

const ORDERS: &str = "
servers: [{ url: /v1 }]
paths:
  /orders:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 100 } }
        - { name: state, in: query, schema: { type: array, items: { type: string, enum: [open, done] } } }
        - { name: x-tenant, in: header, required: true, schema: { type: string, minLength: 2 } }
      responses:
        '200':
          description: d
          headers: { X-Total: { schema: { type: integer, example: 2 } } }
          content:
            application/json:
              schema: { type: array, items: { $ref: '#/components/schemas/Order' } }
              examples: { none: { value: [] }, two: { $ref: '#/components/examples/Two' } }
            text/csv: { example: 'id,state' }
        '404': { description: d, content: { application/problem+json: { schema: { type: object, properties: { title: { type: string, example: Gone } } } } } }
        5XX: { description: d }
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }
      responses: { '201': { description: d, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }, default: { description: d } }
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    delete: { responses: { '204': { description: d } } }
components:
  examples: { Two: { value: [{ id: 1 }, { id: 2 }] } }
  schemas:
    Order: { type: object, required: [id, state], properties: { id: { type: integer, readOnly: true, minimum: 10 }, state: { type: string, enum: [open, done] }, parent: { $ref: '#/components/schemas/Order' } } }
";

fn ask(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> ApiAnswer {
    let mock = Mock::new(described(ORDERS));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    mock.answer(&ApiRequest { method, path, query, headers, body: body.as_bytes() })
}

fn body(answer: &ApiAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

const TENANT: (&str, &str) = ("X-Tenant", "acme");

#[test]
fn an_operation_is_answered_with_its_first_example() {
    let answer = ask("GET", "/v1/orders", &[TENANT], "");
    assert_eq!(answer.status, 200);
    assert_eq!(body(&answer), json!([]));
    let header = |name: &str| {
        answer.headers.iter().find(|(known, _)| known == name).map(|(_, it)| it.as_str())
    };
    assert_eq!((header("content-type"), header("x-total")), (Some("application/json"), Some("2")));
    assert_eq!(answer, ask("GET", "/v1/orders", &[TENANT], ""), "the same again");
}

#[test]
fn the_client_may_prefer_status_and_example() {
    let two = ask("GET", "/orders", &[TENANT, ("Prefer", "example=two")], "");
    assert_eq!(body(&two), json!([{ "id": 1 }, { "id": 2 }]));
    let missing = ask("GET", "/orders", &[TENANT, ("prefer", "return=minimal, code=404")], "");
    assert_eq!((missing.status, body(&missing)), (404, json!({ "title": "Gone" })));
    let ranged = ask("GET", "/orders", &[TENANT, ("Prefer", "code=503")], "");
    assert_eq!((ranged.status, ranged.body.len()), (503, 0));
    let default = ask(
        "POST",
        "/orders",
        &[("content-type", "application/json"), ("Prefer", "code=418")],
        "{\"state\":\"open\"}",
    );
    assert_eq!(default.status, 418);
    for wish in ["code=418", "code=abc", "example=three"] {
        let refused = ask("GET", "/orders", &[TENANT, ("Prefer", wish)], "");
        assert_eq!(refused.status, 400, "{wish}");
        assert_eq!(body(&refused)["mock"], true);
    }
}

#[test]
fn the_media_type_is_the_one_that_is_accepted() {
    let csv = ask("GET", "/orders", &[TENANT, ("Accept", "application/json;q=0.5, text/csv")], "");
    assert_eq!(csv.body, b"id,state");
    assert_eq!(ask("GET", "/orders", &[TENANT, ("Accept", "text/*")], "").body, b"id,state");
    assert_eq!(ask("GET", "/orders", &[TENANT, ("Accept", "image/png")], "").status, 406);
    let head = ask("HEAD", "/orders", &[TENANT], "");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn a_request_is_held_against_the_description() {
    let refused = |target: &str, headers: &[(&str, &str)]| {
        let answer = ask("GET", target, headers, "");
        (
            answer.status,
            body(&answer)["errors"][0]["parameter"]["name"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(refused("/orders", &[]), (400, "x-tenant".to_owned()));
    assert_eq!(refused("/orders", &[("x-tenant", "a")]), (400, "x-tenant".to_owned()));
    assert_eq!(refused("/orders?limit=0", &[TENANT]), (400, "limit".to_owned()));
    assert_eq!(refused("/orders?limit=many", &[TENANT]), (400, "limit".to_owned()));
    assert_eq!(refused("/orders?state=open&state=lost", &[TENANT]), (400, "state".to_owned()));
    assert_eq!(refused("/orders?limit=7&state=open&state=done&more=1", &[TENANT]).0, 200);
    assert_eq!(ask("DELETE", "/orders/seven", &[], "").status, 400);
    assert_eq!(ask("DELETE", "/orders/7", &[], "").status, 204);
    assert_eq!(ask("GET", "/none", &[], "").status, 404);
    let wrong = ask("PATCH", "/orders", &[], "");
    assert_eq!(wrong.status, 405);
    assert!(wrong.headers.contains(&("allow".to_owned(), "GET, POST".to_owned())), "{wrong:?}");
}

#[test]
fn a_body_is_held_against_its_schema() {
    let json = ("Content-Type", "application/json; charset=utf-8");
    let post = |headers: &[(&str, &str)], body: &str| ask("POST", "/orders", headers, body);
    assert_eq!(
        post(&[json], "{\"state\":\"open\"}").status,
        201,
        "`id` is not the client's to say"
    );
    let wrong = post(&[json], "{\"state\":\"lost\"}");
    assert_eq!(
        (wrong.status, body(&wrong)["errors"][0]["pointer"].as_str()),
        (422, Some("/state"))
    );
    assert_eq!(post(&[json], "{").status, 400);
    assert_eq!(post(&[json], "").status, 400);
    assert_eq!(post(&[("Content-Type", "text/plain")], "x").status, 415);
}

#[test]
fn what_is_made_up_fits_what_it_is_made_from() {
    let description = described_30(
        "paths: {}\ncomponents:\n  schemas:\n    \
         A: { type: object, required: [a, b, c, d, e, f, g, h, i, j], properties: { a: { type: integer, minimum: 5, exclusiveMinimum: true }, b: { type: string, minLength: 12, maxLength: 14 }, c: { type: number, multipleOf: 0.25, minimum: 3.1 }, d: { type: array, minItems: 3, uniqueItems: true, items: { type: integer } }, e: { type: string, format: date-time }, f: { type: string, format: uuid }, g: { type: string, nullable: true, enum: [x] }, h: { allOf: [{ $ref: '#/components/schemas/B' }, { type: object, required: [y], properties: { y: { type: boolean } } }] }, i: { oneOf: [{ type: integer, maximum: 0 }, { type: string }] }, j: { type: object, additionalProperties: { type: integer } } } }\n    \
         B: { type: object, required: [x], properties: { x: { type: string, format: email }, again: { $ref: '#/components/schemas/B' }, list: { type: array, items: { $ref: '#/components/schemas/B' } } } }\n    \
         C: { type: integer, maximum: -4 }\n    D: { type: string, maxLength: 3 }\n    E: { type: number, minimum: 0, maximum: 0.25 }\n    F: { anyOf: [{ $ref: '#/components/schemas/F' }, { type: boolean }] }\n",
    );
    let mut compiler = SchemaCompiler::new(&description);
    for name in ["A", "B", "C", "D", "E", "F"] {
        let pointer = format!("/components/schemas/{name}");
        let value = sample(&description, &pointer).expect("a sample");
        compiler.add(&pointer).expect("a schema");
        assert_eq!(compiler.faults(&pointer, &value), [], "{name}: {value}");
    }
    let again = sample(&description, "/components/schemas/B").expect("a sample");
    assert_eq!(again, json!({ "x": "user@example.com", "list": [] }), "no end without this");
}

#[test]
fn a_schema_that_grows_without_an_end_has_a_sample_with_one() {
    let mut text = String::from("paths: {}\ncomponents:\n  schemas:\n");
    for at in 0..20 {
        let next = at + 1;
        text.push_str(&format!("    S{at}: {{ type: object, properties: {{ a: {{ $ref: '#/components/schemas/S{next}' }}, b: {{ $ref: '#/components/schemas/S{next}' }}, c: {{ $ref: '#/components/schemas/S{next}' }} }} }}\n"));
    }
    text.push_str("    S20: { type: string }\n");
    // Neither does what must be there keep it from ending.
    let needed = text.replace("properties:", "required: [a, b, c], properties:");
    let value = sample(&described(&needed), "/components/schemas/S0").expect("a sample");
    assert!(value.to_string().len() < 1_000_000, "{}", value.to_string().len());
    let value = sample(&described(&text), "/components/schemas/S0").expect("a sample");
    assert!(value.to_string().len() < 200_000, "{}", value.to_string().len());
}
