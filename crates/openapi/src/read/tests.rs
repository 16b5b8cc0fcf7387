//! What is taken, and why something is not.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use crate::tests::described;
use crate::{Description, Edition, Matcher};

fn faults(text: &str) -> Vec<String> {
    match Description::read(text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

const HEAD: &str = "openapi: 3.0.0\ninfo: { title: T, version: '1' }\n";

#[test]
fn operations_come_in_the_order_of_the_text_with_what_is_said_of_them() {
    let description = described(
        "paths:\n  /orders/{id}:\n    get: { operationId: show, tags: [a, b], summary: Shows, responses: {} }\n    \
         delete: { deprecated: true, x-sunset: '2027-04-01', responses: {} }\n  /orders:\n    post: { responses: {} }\n",
    );
    assert_eq!((description.title(), description.version()), ("Orders", "1"));
    assert_eq!(description.edition(), Edition::V31);
    let labels: Vec<String> =
        description.operations().iter().map(crate::Operation::label).collect();
    assert_eq!(labels, ["show", "DELETE /orders/{id}", "POST /orders"]);
    let [show, delete, _] = description.operations() else { panic!("three") };
    assert_eq!((show.tags.join(" ").as_str(), show.summary.as_str()), ("a b", "Shows"));
    assert!(delete.is_deprecated && !show.is_deprecated);
    let april = SystemTime::UNIX_EPOCH + Duration::from_secs(1_806_537_600);
    assert_eq!(delete.sunset_at, Some(april));
    assert_eq!(delete.pointer, "/paths/~1orders~1{id}/delete");
}

#[test]
fn what_is_no_description_is_refused_with_place_and_line() {
    for (text, told) in [
        ("", "line 1: expected a description"),
        ("swagger: '2.0'", "line 1 at /swagger: Swagger 2.0 is not taken"),
        (
            "openapi: 4.0.0\ninfo: { title: T, version: '1' }\npaths: {}",
            "line 1 at /openapi: `4.0.0`",
        ),
        ("openapi: 3.0.0\npaths: {}", "needs `info`"),
        (
            "openapi: 3.0.0\ninfo: { title: T, version: 1.0 }\npaths: {}",
            "line 2 at /info/version: expected a text",
        ),
        ("openapi: 3.0.0\ninfo: { title: T, version: '1' }", "needs `paths`"),
        ("a: [", "not valid YAML"),
    ] {
        let faults = faults(text);
        assert!(faults.iter().any(|fault| fault.contains(told)), "{text}: {faults:?}");
    }
    let odd = format!("{HEAD}paths:\n  orders: {{}}\n  /a: {{ get: 7 }}\n  /b: 1\n");
    assert_eq!(
        faults(&odd),
        [
            "line 4 at /paths/orders: a path begins with `/`",
            "line 5 at /paths/~1a/get: expected an operation: a map",
            "line 6 at /paths/~1b: expected a map of operations",
        ]
    );
}

#[test]
fn a_reference_to_elsewhere_is_refused_and_named() {
    let text = format!(
        "{HEAD}paths: {{}}\ncomponents:\n  schemas:\n    A: {{ $ref: 'http://169.254.169.254/a.yaml#/A' }}\n    \
         B:\n      properties:\n        c: {{ $ref: './c.yaml' }}\n        default: {{ $ref: 'd.yaml' }}\n"
    );
    let faults = faults(&text);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].contains("`http://169.254.169.254/a.yaml#/A` is outside"), "{faults:?}");
    assert!(faults[2].contains("/properties/default: `d.yaml`"), "{faults:?}");
    // What stands in an example is the API's.
    let text = format!(
        "{HEAD}paths: {{}}\ncomponents: {{ schemas: {{ A: {{ example: {{ $ref: x.yaml }} }} }} }}\n"
    );
    assert!(self::faults(&text).is_empty());
}

#[test]
fn bounds_hold() {
    let long = format!("{HEAD}paths: {{}}\n# {}", "x".repeat(super::TEXT_BYTES_MAX));
    assert!(faults(&long)[0].contains("longer than 16 MiB"));
    let mut deep = String::from(HEAD);
    deep.push_str("paths: {}\ncomponents: ");
    deep.push_str(&"{a: ".repeat(100));
    assert!(faults(&deep)[0].contains("deep"), "{:?}", faults(&deep));
    // A circle of references ends.
    let circle = described(
        "paths: {}\ncomponents: { schemas: { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } } }",
    );
    assert!(circle.resolved(circle.at("/components/schemas/A").expect("there")).is_none());
}

#[test]
fn requests_find_their_operation_by_the_strongest_path() {
    let mut text = String::from(
        "servers: [{ url: 'https://{host}/v1/', variables: { host: { default: api.example.com } } }]\npaths:\n",
    );
    for path in [
        "/orders",
        "/orders/{id}",
        "/orders/mine",
        "/files/{name}.{ending}",
        "/files/{name}",
        "/{any}/{two}/x",
    ] {
        let _infallible =
            write!(text, "  {path}:\n    get: {{ operationId: '{path}', responses: {{}} }}\n");
    }
    text.push_str("  /only:\n    post: { operationId: only, responses: {} }\n");
    let description = described(&text);
    assert_eq!(description.base_paths(), ["/v1"]);
    let matcher = Matcher::new(&description);
    let found = |method: &str, path: &str| {
        matcher.find(method, path).map(|at| description.operations()[at].label())
    };
    for (path, wanted) in [
        ("/orders", Some("/orders")),
        ("/v1/orders", Some("/orders")),
        ("/v1/orders/7", Some("/orders/{id}")),
        ("/orders/mine", Some("/orders/mine")),
        ("/files/a.txt", Some("/files/{name}.{ending}")),
        ("/files/a", Some("/files/{name}")),
        ("/orders/mine/x", Some("/{any}/{two}/x")),
        ("/orders/", None),
        ("/none", None),
        ("/v1", None),
        ("/v2/orders", None),
    ] {
        assert_eq!(found("GET", path).as_deref(), wanted, "{path}");
    }
    assert_eq!(found("HEAD", "/orders").as_deref(), Some("/orders"));
    assert_eq!(found("GET", "/only"), None);
    assert_eq!(matcher.methods("/v1/only"), ["POST"]);
}
