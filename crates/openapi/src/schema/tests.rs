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

#[test]
fn patterns_that_are_too_large_are_told_with_their_place_and_not_compiled() {
    let description = described(
        "paths: {}\ncomponents:\n  schemas:\n    A: { type: string, pattern: '^[a-z]{1000000}$' }\n    \
         B: { type: object, properties: { pattern: { type: string, pattern: '^\\w{1,255}$' } }, patternProperties: { '^(\\d{1000}){1000}$': { type: string } } }\n",
    );
    let mut compiler = SchemaCompiler::new(&description);
    let places: Vec<&str> = compiler.refused().iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/components/schemas/A/pattern",
            "/components/schemas/B/patternProperties/^(\\d{1000}){1000}$"
        ]
    );
    assert!(compiler.refused()[0].message.contains("too large"), "{:?}", compiler.refused());
    let mut faults = |name: &str, value| {
        let at = format!("/components/schemas/{name}");
        compiler.add(&at).expect("what is left of it is a schema");
        compiler.faults(&at, &value).len()
    };
    assert_eq!((faults("A", json!("x")), faults("A", json!(1))), (0, 1));
    assert_eq!(faults("B", json!({ "pattern": "a_1" })), 0);
    assert_eq!(
        faults("B", json!({ "pattern": "a b" })),
        1,
        "a property of that name is held to its own"
    );
}

#[test]
fn all_patterns_together_are_bounded_too() {
    let mut text = String::from("paths: {}\ncomponents:\n  schemas:\n");
    for at in 0..80 {
        text.push_str(&format!("    S{at}: {{ type: string, pattern: '^[a-f]{{1{at:04}}}$' }}\n"));
    }
    let compiler = SchemaCompiler::new(&described(&text));
    let refused = compiler.refused();
    assert!(!refused.is_empty() && refused.len() < 80, "{}", refused.len());
    assert!(refused.iter().all(|it| it.message.contains("together")), "{refused:?}");
}

#[test]
fn where_the_library_fails_that_is_an_error_and_not_an_end() {
    // What is an example is not looked into, and yet may be referred to.
    let description = described(
        "paths: {}\ncomponents:\n  examples: { E: { value: { pattern: '^[a-z]{1000000}$' } } }\n  schemas:\n    A: { $ref: '#/components/examples/E/value' }\n",
    );
    let mut compiler = SchemaCompiler::new(&description);
    compiler.add("/components/schemas/A").expect_err("no schema");
    assert!(compiler.faults("/components/schemas/A", &json!("x")).is_empty());
}
