//! Schemas of both editions held against values.

use serde_json::json;

use super::{SchemaCompiler, Way};
use crate::tests::{described, described_30};

#[test]
fn the_words_of_3_0_mean_what_they_mean_there() {
    let description = described_30(
        "paths: {}\ncomponents:\n  schemas:\n    A: { type: string, nullable: true, enum: [x] }\n    \
         B: { type: integer, minimum: 3, exclusiveMinimum: true }\n    \
         C: { nullable: true, allOf: [{ $ref: '#/components/schemas/B' }] }\n    \
         D: { type: object, properties: { nullable: { type: boolean } }, required: [nullable] }\n",
    );
    let mut compiler = SchemaCompiler::new(&description);
    let mut fits = |name: &str, value| {
        let pointer = format!("/components/schemas/{name}");
        compiler.add(&pointer).expect("a schema");
        compiler.faults(&pointer, &value).is_empty()
    };
    assert!(fits("A", json!("x")) && fits("A", json!(null)) && !fits("A", json!("y")));
    assert!(fits("B", json!(4)) && !fits("B", json!(3)));
    assert!(fits("C", json!(4)) && fits("C", json!(null)) && !fits("C", json!(3)));
    assert!(fits("D", json!({ "nullable": true })) && !fits("D", json!({})));
}

#[test]
fn what_only_answers_have_is_not_asked_of_requests() {
    let description = described(
        "paths: {}\ncomponents:\n  schemas:\n    A: { type: object, required: [id, name], properties: { id: { type: integer, readOnly: true }, name: { type: string } } }\n",
    );
    let mut compiler = SchemaCompiler::new(&description);
    let at = "/components/schemas/A";
    compiler.add(at).expect("a schema");
    let validator = compiler.finish();
    let faults = |value, way| validator.faults(&description, at, &value, way).len();
    assert_eq!(faults(json!({ "name": "x" }), Way::Request), 0);
    assert_eq!(faults(json!({ "name": "x" }), Way::Response), 1);
    assert_eq!(faults(json!({ "id": 1 }), Way::Request), 1);
}

#[test]
fn faults_say_where_in_the_value() {
    let description = described(
        "paths:\n  /a b/{x}:\n    post:\n      responses: {}\n      requestBody:\n        content:\n          application/json:\n            schema: { type: object, properties: { n: { type: array, items: { $ref: '#/components/schemas/N' } } } }\ncomponents: { schemas: { N: { type: integer, maximum: 3 } } }\n",
    );
    let mut compiler = SchemaCompiler::new(&description);
    let at = "/paths/~1a b~1{x}/post/requestBody/content/application~1json/schema";
    compiler.add(at).expect("a pointer with everything that a URL has not");
    let faults = compiler.faults(at, &json!({ "n": [1, 9, "x"] }));
    let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(places, ["/n/1", "/n/2"], "{faults:?}");
}
