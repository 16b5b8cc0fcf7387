//! What came, went and changed.

use std::time::SystemTime;

use crate::tests::described;
use crate::{Difference, difference};

const OLD: &str = "
paths:
  /orders: { get: { operationId: list, responses: { '200': { $ref: '#/components/responses/Orders' } } } }
  /orders/{id}: { delete: { operationId: delete, responses: { '204': { description: d } } } }
  /old: { get: { responses: { '200': { description: d } } } }
components:
  responses: { Orders: { description: d, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } } }
  schemas: { Order: { type: object, properties: { a: { type: string } } }, Other: { type: string } }
";

fn compare(new: &str) -> Difference {
    difference(&described(OLD), &described(new), SystemTime::UNIX_EPOCH)
}

#[test]
fn the_same_is_no_difference_in_other_words_for_parameters_too() {
    assert!(compare(OLD).is_empty());
    assert!(compare(&OLD.replace("{id}", "{order}")).is_empty());
    assert!(
        compare(&OLD.replace("Other: { type: string }", "Other: { type: integer }")).is_empty()
    );
}

#[test]
fn what_came_went_and_changed_is_told_by_operation() {
    let new = OLD
        .replace("/old: { get", "/new: { get")
        .replace("a: { type: string }", "a: { type: string }, b: { type: string }");
    let difference = compare(&new);
    assert_eq!(difference.added, ["GET /new"]);
    assert_eq!(difference.removed, ["GET /old"]);
    assert_eq!(difference.changed, ["list"], "by way of two references");
    let breaking: Vec<&str> = difference.breaking.iter().map(|change| change.rule.name).collect();
    assert_eq!(breaking, ["operation-removed"], "one property more breaks nobody");
}
