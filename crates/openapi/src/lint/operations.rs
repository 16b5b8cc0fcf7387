//! Operations and their paths: each with a name of its own, none in the way of another.

use std::collections::HashMap;

use super::{Notes, rules};
use crate::operation;
use crate::template::Element;

rules! {
    DUPLICATE = "operation-id-duplicate", Error,
        "An `operationId` names one operation.";
    MISSING_ID = "operation-id-missing", Warning,
        "An operation has an `operationId`: clients, logs and plans name it by that.";
    SAME_PATH = "path-duplicate", Error,
        "Two paths that differ only in the names of their parameters are the same path.";
    AMBIGUOUS = "path-ambiguous", Warning,
        "No two paths match the same request with equal right, as `/a/{x}` and `/{y}/b` do.";
    SUMMARY = "operation-summary-missing", Hint,
        "An operation says in a `summary` what it does.";
    NO_OPERATIONS = "operations-missing", Error,
        "A description has at least one operation below `paths`.";
    SUNSET = "sunset-not-fitting", Warning,
        "`x-sunset` is a date or a time of RFC 3339, on an operation that is `deprecated`.";
}

/// Pairs of paths that are compared; more than the largest published descriptions have.
const PATHS_COMPARED_MAX: usize = 3000;

pub(super) fn check(notes: &mut Notes<'_>) {
    let description = notes.description;
    if description.operations().is_empty() {
        notes.note(&NO_OPERATIONS, "/paths", "there is no operation");
    }
    let mut ids: HashMap<&str, String> = HashMap::new();
    for operation in description.operations() {
        let label = format!("{} {}", operation.method, operation.path);
        match &operation.id {
            None => {
                let message = format!("`{label}` has no `operationId`");
                notes.note(&MISSING_ID, &operation.pointer, message);
            }
            Some(id) => {
                if let Some(other) = ids.get(id.as_str()) {
                    let message = format!("`{other}` has the id `{id}` already");
                    notes.note(&DUPLICATE, &operation::place(operation, "operationId"), message);
                } else {
                    ids.insert(id, label.clone());
                }
            }
        }
        if operation.summary.is_empty() {
            let message = format!("`{label}` does not say what it does");
            notes.note(&SUMMARY, &operation.pointer, message);
        }
        let sunset = description.at(&operation::place(operation, "x-sunset"));
        if let Some(sunset) = sunset {
            if operation.sunset_at.is_none() {
                let message = "expected a date such as `2027-04-01`, or a time of RFC 3339";
                notes.note(&SUNSET, &sunset.pointer, message);
            } else if !operation.is_deprecated {
                let message = format!("`{label}` ends without being `deprecated: true`");
                notes.note(&SUNSET, &sunset.pointer, message);
            }
        }
    }
    paths(notes);
}

fn paths(notes: &mut Notes<'_>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut unlike: Vec<&operation::Operation> = Vec::new();
    for operation in notes.description.operations() {
        if unlike.iter().any(|other| other.path == operation.path) {
            continue;
        }
        let nameless = operation.template.nameless();
        match seen.get(&nameless) {
            Some(other) => {
                let message = format!("`{}` is the same path as `{other}`", operation.path);
                notes.note(&SAME_PATH, &operation.item, message);
            }
            None => {
                seen.insert(nameless, &operation.path);
                unlike.push(operation);
            }
        }
    }
    let mixed: Vec<_> = unlike
        .into_iter()
        .filter(|one| one.template.elements.iter().any(|e| !matches!(e, Element::Literal(_))))
        .take(PATHS_COMPARED_MAX)
        .collect();
    for (at, one) in mixed.iter().enumerate() {
        for other in &mixed[at + 1..] {
            if is_ambiguous(&one.template.elements, &other.template.elements) {
                let message = format!("`{}` and `{}` match the same paths", one.path, other.path);
                notes.note(&AMBIGUOUS, &other.item, message);
            }
        }
    }
}

/// Whether there is a path that both match, and each is stronger than the other in some element.
fn is_ambiguous(one: &[Element], other: &[Element]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (mut stronger, mut weaker) = (false, false);
    for pair in one.iter().zip(other) {
        match pair {
            (Element::Literal(one), Element::Literal(other)) if one == other => {}
            (Element::Literal(_), Element::Literal(_)) => return false,
            (Element::Any(_), Element::Any(_)) => {}
            (Element::Literal(text), other) if other.takes(text) => stronger = true,
            (one, Element::Literal(text)) if one.takes(text) => weaker = true,
            (Element::Mixed { .. }, Element::Any(_)) => stronger = true,
            (Element::Any(_), Element::Mixed { .. }) => weaker = true,
            _ => return false,
        }
    }
    stronger && weaker
}
