//! Each rule with a change that breaks, and a change beside it that does not.

use std::time::{Duration, SystemTime};

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{BreakingChange, Judged, groups, judge_within};
use crate::tests::described;
use crate::{Description, Operation, difference, difference_until};

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
        // It has a test of its own.
        let is_elsewhere = rule == "not-compared-whole";
        let has_case = CASES.iter().any(|(name, ..)| *name == rule);
        assert!(has_case || is_elsewhere, "no case for {rule}");
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

/// As many operations as schemas, each of which refers to ten others; the last one is as given.
fn entangled(count: usize, last: &str) -> Description {
    let mut text = String::from("paths:\n");
    for at in 0..count {
        let _infallible = writeln!(
            text,
            "  /p{at}: {{ get: {{ responses: {{ '200': {{ description: d, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/S{at}' }} }} }} }} }} }} }}"
        );
    }
    text.push_str("components:\n  schemas:\n");
    for at in 0..count {
        let own = if at + 1 == count { last } else { "a: { type: string }" };
        let _infallible = write!(text, "    S{at}: {{ type: object, properties: {{ {own}");
        for next in 1..=10 {
            let next_at = (at * 7 + next) % count;
            let _infallible =
                write!(text, ", r{next}: {{ $ref: '#/components/schemas/S{next_at}' }}");
        }
        text.push_str(" } }\n");
    }
    described(&text)
}

/// What is told, and how much was looked at for it.
fn judged(old: &Description, new: &Description, most: usize) -> (Vec<BreakingChange>, usize) {
    let pairs: Vec<(&Operation, &Operation)> =
        old.operations().iter().zip(new.operations()).collect();
    let (pairs, stop) = (&pairs[..], &AtomicBool::new(false));
    judge_within(&Judged { old, new, gone: &[], pairs, now: SystemTime::UNIX_EPOCH, stop }, most)
}

#[test]
fn what_all_share_is_looked_at_once_and_not_for_each() {
    let work = |count| {
        let (old, new) = (
            entangled(count, "a: { type: string }, b: {}"),
            entangled(count, "a: { type: integer }"),
        );
        let (changes, work) = judged(&old, &new, usize::MAX);
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert_eq!(changes[0].operations.len(), count.min(super::NAMED_MAX));
        work
    };
    let (some, more) = (work(100), work(400));
    // Four times as many need four times as much, and not sixteen times.
    assert!(more < some * 5, "{some} for 100, {more} for 400");
}

#[test]
fn what_is_not_compared_counts_as_breaking_and_says_so() {
    let (old, new) =
        (entangled(100, "a: { type: string }"), entangled(100, "a: { type: string }, b: {}"));
    let (changes, _) = judged(&old, &new, usize::MAX);
    assert_eq!(changes, []);
    let (changes, work) = judged(&old, &new, 500);
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((change.rule.name, change.pointer.as_str()), ("not-compared-whole", ""));
    assert!(change.message.contains("too large"), "{change:?}");
    assert!(work <= 500);
}

#[test]
fn nobody_goes_on_comparing_when_it_is_stopped() {
    let (old, new) = (entangled(50, "a: { type: string }"), entangled(50, "a: { type: integer }"));
    let stop = AtomicBool::new(false);
    stop.store(true, Ordering::Relaxed);
    let breaking = difference_until((&old, &new), SystemTime::UNIX_EPOCH, &stop).breaking;
    assert_eq!(breaking.len(), 1, "{breaking:?}");
    assert_eq!(breaking[0].rule.name, "not-compared-whole");
}

#[test]
fn schemas_whose_circles_never_meet_end() {
    // Circles of 997 and of 991 schemas: a million pairs, none twice.
    let circle = |count: usize, kind: &str| {
        let mut text = String::from(
            "paths: { /t: { get: { responses: { '200': { description: d, content: { application/json: { schema: { $ref: '#/components/schemas/S0' } } } } } } } }\ncomponents:\n  schemas:\n",
        );
        for at in 0..count {
            let next = (at + 1) % count;
            let _infallible = writeln!(
                text,
                "    S{at}: {{ properties: {{ v: {{ type: {kind} }}, n: {{ $ref: '#/components/schemas/S{next}' }} }} }}"
            );
        }
        described(&text)
    };
    let (old, new) = (circle(997, "string"), circle(991, "integer"));
    let (changes, work) = judged(&old, &new, 50_000);
    assert!(changes.iter().any(|change| change.rule.name == "not-compared-whole"));
    assert!(work <= 50_000);
}

#[test]
fn the_largest_descriptions_that_are_taken_are_compared_whole() {
    // As many operations and schemas as fit: close to 16 MiB.
    let large = |kind: &str| {
        let mut paths = String::new();
        let mut schemas = String::new();
        let mut at: usize = 0;
        while paths.len() + schemas.len() < (15 << 20) {
            let comma = if at == 0 { "" } else { "," };
            let (one, two) = (at / 2, at.saturating_sub(1));
            let _infallible = write!(
                paths,
                r##"{comma}"/things/p{at}":{{"post":{{"requestBody":{{"content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/S{at}"}}}}}}}},"responses":{{"200":{{"description":"d","content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/S{at}"}}}}}}}}}}}}}}"##
            );
            let kind = if at == 0 { kind } else { "string" };
            let _infallible = write!(
                schemas,
                r##"{comma}"S{at}":{{"type":"object","properties":{{"a":{{"type":"{kind}"}}"##
            );
            for name in 0..12 {
                let _infallible =
                    write!(schemas, r##","name{name}":{{"type":"string","maxLength":50}}"##);
            }
            let _infallible = write!(
                schemas,
                r##","one":{{"$ref":"#/components/schemas/S{one}"}},"two":{{"$ref":"#/components/schemas/S{two}"}}}}}}"##
            );
            at += 1;
        }
        let text = format!(
            r##"{{"openapi":"3.1.0","info":{{"title":"T","version":"1"}},"paths":{{{paths}}},"components":{{"schemas":{{{schemas}}}}}}}"##
        );
        Description::read(&text).unwrap_or_else(|faults| panic!("{faults:?}"))
    };
    let (old, new) = (large("string"), large("integer"));
    assert!(old.operations().len() > 10_000, "{}", old.operations().len());
    let (changes, work) = judged(&old, &new, super::WORK_MAX);
    let rules: Vec<&str> = changes.iter().map(|change| change.rule.name).collect();
    assert_eq!(rules, ["request-type-changed", "response-type-changed"], "after {work}");
}
