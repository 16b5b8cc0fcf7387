//! Each rule with a change that breaks, and a change beside it that does not.

use std::time::{Duration, SystemTime};

use super::{BreakingChange, groups};
use crate::difference;
use crate::tests::described;

const BASE: &str = "
security: [{ oauth: [read] }]
paths:
  /orders/{id}:
    get:
      operationId: show
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
        - { name: sort, in: query, schema: { type: string, enum: [up, down] } }
        - { name: limit, in: query, schema: { type: integer, maximum: 100 } }
      responses:
        '200': { description: d, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } }, text/csv: {} } }
        '202': { description: d }
    put:
      operationId: put
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      requestBody:
        content:
          application/json: { schema: { $ref: '#/components/schemas/Draft' } }
          text/plain: { schema: { type: string } }
      responses: { '204': { description: d } }
components:
  schemas:
    Order: { type: object, required: [id, state], properties: { id: { type: string }, state: { type: string, enum: [open, done] }, note: { type: string }, secret: { type: string, writeOnly: true } } }
    Draft: { type: object, required: [title], properties: { id: { type: string, readOnly: true }, title: { type: string, maxLength: 50 }, kind: { type: string, enum: [a, b] }, count: { type: integer }, note: { type: string } } }
";

/// What breaks by replacing texts of the description.
fn changes(edits: &[Edit]) -> Vec<BreakingChange> {
    let mut text = BASE.to_owned();
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    difference(&described(BASE), &described(&text), now).breaking
}

fn rules(edits: &[Edit]) -> Vec<&'static str> {
    changes(edits).iter().map(|change| change.rule.name).collect()
}

/// What is replaced, and by what.
type Edit = (&'static str, &'static str);

/// Each rule; an edit that breaks by it alone; an edit of the same place that breaks nobody.
const CASES: &[(&str, Edit, Edit)] = &[
    (
        "operation-removed",
        ("    put:\n", "    x-put:\n"),
        ("    put:\n", "    patch: { responses: { '204': { description: d } } }\n    put:\n"),
    ),
    (
        "operation-id-changed",
        ("operationId: show", "operationId: display"),
        ("operationId: show", "operationId: show\n      summary: Shows"),
    ),
    (
        "parameter-removed",
        ("        - { name: limit, in: query, schema: { type: integer, maximum: 100 } }\n", ""),
        ("name: limit, in: query", "name: limit, in: query, deprecated: true"),
    ),
    (
        "parameter-required-added",
        (
            "        - { name: limit",
            "        - { name: new, in: header, required: true, schema: { type: string } }\n        - { name: limit",
        ),
        (
            "        - { name: limit",
            "        - { name: new, in: header, schema: { type: string } }\n        - { name: limit",
        ),
    ),
    (
        "parameter-became-required",
        ("name: sort, in: query", "name: sort, in: query, required: true"),
        ("name: sort, in: query", "name: sort, in: query, required: false"),
    ),
    (
        "parameter-type-changed",
        ("type: integer, maximum", "type: boolean, maximum"),
        ("type: integer, maximum", "type: number, maximum"),
    ),
    (
        "parameter-values-narrowed",
        ("maximum: 100", "maximum: 50"),
        ("maximum: 100", "maximum: 200"),
    ),
    (
        "request-body-became-required",
        ("requestBody:\n", "requestBody:\n        required: true\n"),
        ("requestBody:\n", "requestBody:\n        required: false\n"),
    ),
    (
        "request-media-type-removed",
        ("          text/plain: { schema: { type: string } }\n", ""),
        ("text/plain", "text/*"),
    ),
    (
        "request-property-became-required",
        ("required: [title]", "required: [title, note]"),
        ("required: [title]", "required: []"),
    ),
    (
        "request-property-removed",
        (", count: { type: integer }", ""),
        ("count: { type: integer }", "count: { type: integer }, more: {}"),
    ),
    (
        "request-type-changed",
        ("count: { type: integer }", "count: { type: string }"),
        ("count: { type: integer }", "count: { type: [integer, 'null'] }"),
    ),
    ("request-values-narrowed", ("enum: [a, b]", "enum: [a]"), ("enum: [a, b]", "enum: [a, b, c]")),
    ("response-status-removed", ("        '202': { description: d }\n", ""), ("'202'", "'2XX'")),
    (
        "response-media-type-removed",
        (", text/csv: {}", ""),
        ("text/csv: {}", "text/csv: {}, text/html: {}"),
    ),
    (
        "response-property-removed",
        (", note: { type: string }, secret", ", secret"),
        ("note: { type: string }, secret", "note: { type: string }, more: {}, secret"),
    ),
    (
        "response-type-changed",
        ("note: { type: string }, secret", "note: { type: [string, 'null'] }, secret"),
        ("note: { type: string }, secret", "note: { type: string, description: n }, secret"),
    ),
    (
        "response-values-widened",
        ("enum: [open, done]", "enum: [open, done, lost]"),
        ("enum: [open, done]", "enum: [open]"),
    ),
    (
        "security-requirement-added",
        ("security: [{ oauth: [read] }]", "security: [{ key: [] }]"),
        ("security: [{ oauth: [read] }]", "security: [{ oauth: [read] }, { key: [] }]"),
    ),
    (
        "security-scope-added",
        ("security: [{ oauth: [read] }]", "security: [{ oauth: [read, write] }]"),
        ("security: [{ oauth: [read] }]", "security: [{ oauth: [] }]"),
    ),
];

#[test]
fn every_rule_tells_what_breaks_from_what_does_not() {
    for (rule, breaks, does_not) in CASES {
        assert_eq!(rules(&[*breaks]), [*rule], "{breaks:?}: {:?}", changes(&[*breaks]));
        assert!(
            changes(&[*does_not]).is_empty(),
            "{rule} {does_not:?}: {:?}",
            changes(&[*does_not])
        );
    }
    for rule in groups().iter().flat_map(|(_, rules)| rules.iter().map(|rule| rule.name)) {
        assert!(CASES.iter().any(|(name, ..)| *name == rule), "no case for {rule}");
    }
}

#[test]
fn an_operation_that_was_announced_to_go_may_go() {
    let announced = BASE.replace(
        "operationId: put",
        "operationId: put\n      deprecated: true\n      x-sunset: '2026-01-01'",
    );
    let gone = announced.replace("    put:\n", "    x-put:\n");
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let breaking = |now| difference(&described(&announced), &described(&gone), now).breaking.len();
    assert_eq!((breaking(at(1_800_000_000)), breaking(at(1_700_000_000))), (0, 1));
}

#[test]
fn what_only_goes_the_other_way_breaks_nobody() {
    // `id` is the API's to say, `secret` the caller's.
    assert!(changes(&[("id: { type: string, readOnly: true }, ", "")]).is_empty());
    assert!(changes(&[(", secret: { type: string, writeOnly: true }", "")]).is_empty());
    assert!(changes(&[("required: [title]", "required: [title, id]")]).is_empty());
}

#[test]
fn what_many_share_is_told_once_with_all_of_them() {
    let old = BASE.replace("responses: { '204': { description: d } }", "responses: { '200': { description: d, content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Order' } } } } } }");
    let new =
        old.replace("state: { type: string, enum: [open, done] }", "state: { type: integer }");
    let now = SystemTime::UNIX_EPOCH;
    let breaking = difference(&described(&old), &described(&new), now).breaking;
    let types: Vec<_> =
        breaking.iter().filter(|it| it.rule.name == "response-type-changed").collect();
    let [change] = &types[..] else { panic!("{breaking:?}") };
    assert_eq!(change.operations, ["show", "put"]);
    assert_eq!(change.pointer, "/components/schemas/Order/properties/state");
    assert_eq!(change.message, "`Order.state` was `string` and is `integer`");
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let tree = |kind: &str| {
        described(&format!(
            "paths: {{ /t: {{ get: {{ responses: {{ '200': {{ description: d, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/T' }} }} }} }} }} }} }} }}\ncomponents: {{ schemas: {{ T: {{ type: object, properties: {{ v: {{ type: {kind} }}, of: {{ type: array, items: {{ $ref: '#/components/schemas/T' }} }}, all: {{ allOf: [{{ $ref: '#/components/schemas/T' }}] }} }} }} }} }}\n"
        ))
    };
    let breaking = difference(&tree("string"), &tree("integer"), SystemTime::UNIX_EPOCH).breaking;
    assert_eq!(breaking.len(), 1, "{breaking:?}");
}
