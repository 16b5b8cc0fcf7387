//! Each rule found where it is broken, and nothing in a description that keeps them all.

use super::{groups, lint};
use crate::tests::{described, described_30};

/// The names of the rules that a description breaks, with where.
fn found(rest: &str) -> Vec<(&'static str, String)> {
    lint(&described(rest)).into_iter().map(|finding| (finding.rule.name, finding.pointer)).collect()
}

const GOOD: &str = "
servers: [{ url: https://api.example.com }]
security: [{ key: [] }]
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      operationId: show_order
      summary: Shows an order.
      responses:
        '200':
          description: The order.
          content: { application/json: { schema: { $ref: '#/components/schemas/Order' }, example: { id: 7 } } }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: x-api-key } }
  schemas:
    Order: { type: object, required: [id], properties: { id: { type: integer } }, examples: [{ id: 1 }] }
";

#[test]
fn a_good_description_has_no_findings() {
    assert_eq!(found(GOOD), []);
}

/// An operation with this in it, on a path.
fn operation(path: &str, rest: &str) -> String {
    format!(
        "security: [{{}}]\npaths:\n  '{path}':\n    get:\n      operationId: a\n      summary: s\n{rest}"
    )
}

const OK: &str = "      responses: { '200': { description: d } }\n";

#[test]
fn every_rule_finds_what_it_is_for() {
    let schemas = |schemas: &str| {
        format!("{GOOD}    {schemas}\n")
            .replace("$ref: '#/components/schemas/Order'", "$ref: '#/components/schemas/Order'")
    };
    let cases: Vec<(&str, String)> = vec![
        (
            "operation-id-duplicate",
            format!(
                "{}    put:\n      operationId: a\n      summary: s\n{OK}",
                operation("/a", OK)
            ),
        ),
        ("operation-id-missing", operation("/a", OK).replace("      operationId: a\n", "")),
        ("operation-summary-missing", operation("/a", OK).replace("      summary: s\n", "")),
        (
            "path-duplicate",
            format!(
                "{}  '/{{y}}':\n    get: {{ operationId: b, summary: s, responses: {{ '200': {{ description: d }} }}, parameters: [{{ name: y, in: path, required: true, schema: {{}} }}] }}\n",
                operation(
                    "/{x}",
                    &format!(
                        "      parameters: [{{ name: x, in: path, required: true, schema: {{}} }}]\n{OK}"
                    )
                )
            ),
        ),
        (
            "path-ambiguous",
            format!(
                "{}  '/{{y}}/b':\n    get: {{ operationId: b, summary: s, responses: {{ '200': {{ description: d }} }}, parameters: [{{ name: y, in: path, required: true, schema: {{}} }}] }}\n",
                operation(
                    "/a/{x}",
                    &format!(
                        "      parameters: [{{ name: x, in: path, required: true, schema: {{}} }}]\n{OK}"
                    )
                )
            ),
        ),
        ("operations-missing", "paths: {}\n".to_owned()),
        (
            "sunset-not-fitting",
            operation("/a", &format!("      x-sunset: soon\n      deprecated: true\n{OK}")),
        ),
        ("path-parameter-undeclared", operation("/{x}", OK)),
        (
            "path-parameter-unused",
            operation(
                "/a",
                &format!(
                    "      parameters: [{{ name: x, in: path, required: true, schema: {{}} }}]\n{OK}"
                ),
            ),
        ),
        (
            "path-parameter-not-required",
            operation(
                "/{x}",
                &format!("      parameters: [{{ name: x, in: path, schema: {{}} }}]\n{OK}"),
            ),
        ),
        (
            "parameter-duplicate",
            operation(
                "/a",
                &format!(
                    "      parameters: [{{ name: x, in: query, schema: {{}} }}, {{ name: x, in: query, schema: {{}} }}]\n{OK}"
                ),
            ),
        ),
        (
            "parameter-without-schema",
            operation("/a", &format!("      parameters: [{{ name: x, in: query }}]\n{OK}")),
        ),
        (
            "parameter-place-unknown",
            operation(
                "/a",
                &format!("      parameters: [{{ name: x, in: body, schema: {{}} }}]\n{OK}"),
            ),
        ),
        ("responses-missing", operation("/a", "")),
        (
            "response-success-missing",
            operation("/a", "      responses: { '404': { description: d } }\n"),
        ),
        (
            "response-status-unknown",
            operation(
                "/a",
                "      responses: { ok: { description: d }, '200': { description: d } }\n",
            ),
        ),
        ("response-description-missing", operation("/a", "      responses: { '200': {} }\n")),
        ("reference-unresolved", schemas("B: { allOf: [{ $ref: '#/components/schemas/None' }] }")),
        (
            "reference-circle",
            schemas(
                "B: { $ref: '#/components/schemas/C' }\n    C: { $ref: '#/components/schemas/B' }",
            ),
        ),
        ("component-unused", schemas("B: { type: string }")),
        ("schema-invalid", schemas("B: { type: text }")),
        ("example-invalid", GOOD.replace("example: { id: 7 }", "example: { id: seven }")),
        ("array-without-items", schemas("B: { type: array }")),
        (
            "required-property-undeclared",
            schemas("B: { type: object, required: [x], properties: { y: {} } }"),
        ),
        (
            "security-scheme-undefined",
            GOOD.replace("security: [{ key: [] }]", "security: [{ none: [] }]"),
        ),
        ("security-missing", GOOD.replace("security: [{ key: [] }]\n", "")),
        ("security-key-in-query", GOOD.replace("in: header", "in: query")),
        ("server-not-encrypted", GOOD.replace("https://", "http://")),
    ];
    let known: Vec<&str> =
        groups().iter().flat_map(|(_, rules)| rules.iter().map(|rule| rule.name)).collect();
    for (rule, text) in &cases {
        let all = found(text);
        assert!(all.iter().any(|(name, _)| name == rule), "{rule}: {all:?}");
        assert!(known.contains(rule), "{rule} is none");
    }
    for rule in known {
        assert!(cases.iter().any(|(name, _)| *name == rule), "no case for {rule}");
    }
}

#[test]
fn findings_say_place_and_line() {
    let text = GOOD.replace("example: { id: 7 }", "example: { id: seven }");
    let findings = lint(&described(&text));
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    let at = "/paths/~1orders~1{id}/get/responses/200/content/application~1json/example/id";
    assert_eq!(finding.pointer, at);
    assert_eq!(finding.line, 15);
    assert!(finding.message.contains("/id: "), "{}", finding.message);
}

#[test]
fn a_null_where_3_0_allows_it_is_no_finding() {
    let text = "security: []\npaths: { /a: { get: { operationId: a, summary: s, responses: { '200': { description: d, content: { application/json: { schema: { type: string, nullable: true }, example: null } } } } } } }\n";
    assert_eq!(lint(&described_30(text)), []);
}

#[test]
fn a_pattern_that_is_too_large_is_a_finding_with_its_place() {
    let pattern = "'^[a-z]{1000000}$'";
    let text = GOOD
        .replace("id: { type: integer }", &format!("id: {{ type: string, pattern: {pattern} }}"));
    let findings = lint(&described(&text));
    let found = findings.iter().find(|finding| finding.rule.name == "schema-invalid");
    let found = found.unwrap_or_else(|| panic!("{findings:?}"));
    assert_eq!(found.pointer, "/components/schemas/Order/properties/id/pattern");
    assert!(found.message.contains("too large"), "{found:?}");
}
