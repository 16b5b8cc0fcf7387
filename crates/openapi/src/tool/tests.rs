//! Operations as tools, and calls of them as requests that cannot leave their place.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ToolRequest, Tools};
use crate::tests::{described, described_30};

const ORDERS: &str = r"
paths:
  /orders/{id}/items/{name}.json:
    parameters: [{ name: id, in: path, required: true, description: Which order., schema: { type: integer } }]
    get:
      operationId: getItem
      summary: Gets an item.
      description: Of an order, by its name.
      parameters:
        - { name: name, in: path, required: true, schema: { type: string } }
        - { name: tags, in: query, schema: { type: array, items: { type: string } } }
        - { name: at, in: query, style: form, explode: false, schema: { type: array, items: { type: integer } } }
        - { name: filter, in: query, style: deepObject, schema: { type: object } }
        - { name: id, in: query, schema: { type: string } }
        - { name: X-Trace, in: header, schema: { type: string } }
        - { name: Host, in: header, schema: { type: string } }
        - { name: session, in: cookie, schema: { type: string } }
      responses: {}
  /orders:
    post:
      operationId: create order!
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } }
      responses: {}
    delete: { responses: {} }
    trace: { operationId: trace, responses: {} }
  /files:
    put: { operationId: upload, requestBody: { required: true, content: { image/png: {} } }, responses: {} }
    get: { operationId: list, parameters: [{ name: Authorization, in: header, required: true, schema: {} }, { name: Host, in: header, required: true, schema: {} }], responses: {} }
    post: { operationId: getItem, responses: {} }
components:
  schemas:
    Order: { type: object, required: [id, customer], properties: { id: { type: integer, readOnly: true }, customer: { $ref: '#/components/schemas/Customer' }, parent: { $ref: '#/components/schemas/Order' } } }
    Customer: { type: object, required: [name], properties: { name: { type: string, example: { $ref: x } } } }
";

fn tools() -> Tools {
    Tools::new(&described(ORDERS))
}

fn call(tools: &Tools, name: &str, arguments: &str) -> Result<ToolRequest, String> {
    let tool = tools.find(name).expect(name);
    tools.request(tool, arguments).map_err(|faults| faults[0].to_string())
}

#[test]
fn operations_are_tools_by_names_that_clients_take() {
    let tools = tools();
    let names: Vec<&str> = tools.all().iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["getItem", "create_order", "delete_orders", "getItem_2"]);
    let left: Vec<String> =
        tools.left_out().iter().map(|it| format!("{}: {}", it.label, it.why)).collect();
    assert_eq!(
        left,
        [
            "trace: its method is TRACE",
            "upload: its body is of a media type that is not JSON",
            "list: its header parameter `Host` is a header that no caller may say"
        ]
    );
    let entry: Value = serde_json::from_str(&tools.all()[0].entry).unwrap();
    assert_eq!(entry["title"], "Gets an item.");
    assert_eq!(entry["description"], "Gets an item.\n\nOf an order, by its name.");
    assert_eq!(entry["annotations"]["readOnlyHint"], true);
    let schema = &entry["inputSchema"];
    let properties: Vec<&str> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(properties, ["name", "tags", "at", "filter", "id", "X-Trace", "path_id"]);
    assert_eq!(schema["required"], json!(["name", "path_id"]));
    assert_eq!(schema["properties"]["path_id"]["description"], "Which order.");
}

#[test]
fn a_schema_stands_for_itself() {
    let tools = tools();
    let entry: Value = serde_json::from_str(&tools.find("create_order").unwrap().entry).unwrap();
    let schema = &entry["inputSchema"];
    assert_eq!(schema["properties"]["body"], json!({ "$ref": "#/$defs/Order" }));
    assert_eq!(schema["$defs"]["Order"]["required"], json!(["customer"]), "not what answers have");
    assert_eq!(schema["$defs"]["Order"]["properties"]["parent"]["$ref"], "#/$defs/Order");
    assert_eq!(
        schema["$defs"]["Customer"]["properties"]["name"]["example"],
        json!({ "$ref": "x" })
    );
    let body = r#"{"customer":{"name":"x"},"n":12345678901234567890123,"x":1.50}"#;
    let made = call(&tools, "create_order", &format!(r#"{{"body": {body} }}"#)).unwrap();
    assert_eq!((made.method.as_str(), made.target.as_str()), ("POST", "/orders"));
    assert_eq!(made.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert_eq!(made.body, body.as_bytes(), "it goes on as it was written");
    for (arguments, message) in [
        ("{}", "missing"),
        (r#"{"body":{"customer":{}}}"#, "missing"),
        (r#"{"body":{"customer":{"name":1}}}"#, "string"),
        (r#"{"body":{"customer":{"name":"x"}},"other":1}"#, "additional"),
        ("[]", "object"),
        ("{", "JSON"),
    ] {
        let told = call(&tools, "create_order", arguments).unwrap_err();
        assert!(told.contains(message), "{arguments}: {told}");
    }
}

#[test]
fn values_stand_where_they_belong() {
    let made = call(
        &tools(),
        "getItem",
        r#"{"path_id":12345678901234567890,"name":"a b/ü?","tags":["x&y","z"],"at":[1,2],"filter":{"a b":true,"c":null},"id":"q=1","X-Trace":"t"}"#,
    )
    .unwrap();
    assert_eq!(
        made.target,
        "/orders/12345678901234567890/items/a%20b%2F%C3%BC%3F.json?tags=x%26y&tags=z&at=1,2&filter%5Ba%20b%5D=true&id=q%3D1"
    );
    assert_eq!(made.headers, [("x-trace".to_owned(), "t".to_owned())]);
    assert!(made.body.is_empty());
}

#[test]
fn no_value_leaves_its_place() {
    let tools = tools();
    for (arguments, told) in [
        (r#"{"path_id":1,"name":"../../admin"}"#, "/name: has a step to another path"),
        (r#"{"path_id":1,"name":"..\\x"}"#, "/name: has a step to another path"),
        (r#"{"path_id":1,"name":""}"#, "/name: must not be empty in a path"),
        (r#"{"path_id":1,"name":"a\nb"}"#, "/name: has a control character"),
        (
            r#"{"path_id":1,"name":"a","X-Trace":"a\r\nhost: b"}"#,
            "/X-Trace: has a letter that no header has, or blanks around it",
        ),
    ] {
        assert_eq!(call(&tools, "getItem", arguments).unwrap_err(), told);
    }
    assert!(call(&tools, "getItem", r#"{"path_id":1,"name":"a","Host":"b"}"#).is_err());
}

#[test]
fn the_words_of_3_0_are_understood() {
    let tools = Tools::new(&described_30(
        "paths:\n  /a:\n    get: { operationId: a, responses: {}, parameters: [{ name: x, in: query, required: true, schema: { type: string, nullable: true } }, { name: y, in: query, schema: { type: integer, minimum: 3, exclusiveMinimum: true } }] }\n",
    ));
    assert_eq!(call(&tools, "a", r#"{"x":null}"#).unwrap().target, "/a");
    assert!(call(&tools, "a", r#"{"x":"b","y":3}"#).is_err());
    assert_eq!(call(&tools, "a", r#"{"x":"b","y":4}"#).unwrap().target, "/a?x=b&y=4");
}

#[test]
fn what_cannot_be_a_schema_leaves_its_operation_out_alone() {
    let tools = Tools::new(&described(
        "paths:\n  /a: { get: { operationId: a, responses: {}, parameters: [{ name: x, in: query, schema: { $ref: '#/components/schemas/None' } }] } }\n  /b: { get: { operationId: b, responses: {}, parameters: [{ name: x, in: query, schema: { type: 7 } }] } }\n  /c/{x}: { get: { operationId: c, responses: {} } }\n  /d: { get: { operationId: d, responses: {} } }\n",
    ));
    let names: Vec<&str> = tools.all().iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["d"]);
    assert_eq!(tools.left_out().len(), 3, "{:?}", tools.left_out());
}

proptest! {
    #[test]
    fn a_request_has_the_elements_that_its_path_has(name in "[ -~é\u{1}]{0,12}", tag in ".{0,8}", trace in "[ -~\r\n]{0,6}") {
        let tools = tools();
        let arguments = json!({ "path_id": 1, "name": name, "tags": [tag], "X-Trace": trace }).to_string();
        if let Ok(made) = call(&tools, "getItem", &arguments) {
            let (path, query) = made.target.split_once('?').unwrap();
            let elements: Vec<&str> = path.split('/').collect();
            prop_assert_eq!(elements.len(), 5, "{}", path);
            prop_assert!(elements.iter().all(|element| !matches!(*element, "." | "..")));
            prop_assert!(made.target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
            let decoded = crate::pointer::decoded(elements[4]).unwrap();
            prop_assert_eq!(decoded, format!("{name}.json"));
            prop_assert_eq!(query.matches('&').count(), 0);
            prop_assert!(!made.headers[0].1.contains(['\r', '\n']));
        }
    }
}
