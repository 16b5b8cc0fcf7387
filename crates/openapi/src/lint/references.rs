//! References: each leads to something, and what is shared is used.

use std::collections::HashSet;

use serde_json::Value;

use super::{Notes, rules};
use crate::description::{Found, reference_of};
use crate::pointer;
use crate::walk::Within;

rules! {
    UNRESOLVED = "reference-unresolved", Error,
        "Every `$ref` leads to something in the description.";
    CIRCLE = "reference-circle", Error,
        "A `$ref` leads to something that is no `$ref` in the end.";
    UNUSED = "component-unused", Hint,
        "What stands below `components` is referred to.";
}

pub(super) fn check(notes: &mut Notes<'_>) {
    let description = notes.description;
    let mut used = HashSet::new();
    let root = description.root();
    walk(notes, root.value, &mut String::new(), Within::Thing, &mut used);
    let Some(components) = root.get("components") else { return };
    for (sort, names) in components.members() {
        // Schemes are used by name, and path items may be meant for others.
        if matches!(sort, "securitySchemes" | "pathItems") || sort.starts_with("x-") {
            continue;
        }
        for (name, component) in names.members() {
            let is_used = used.contains(&component.pointer) || is_used_within(&used, &component);
            if !is_used {
                notes.note(&UNUSED, &component.pointer, format!("nothing refers to `{name}`"));
            }
        }
    }
}

/// Whether something refers to a part of it.
fn is_used_within(used: &HashSet<String>, component: &Found<'_>) -> bool {
    let prefix = format!("{}/", component.pointer);
    used.iter().any(|pointer| pointer.starts_with(&prefix))
}

fn walk(
    notes: &mut Notes<'_>,
    value: &Value,
    at: &mut String,
    within: Within,
    used: &mut HashSet<String>,
) {
    let length = at.len();
    match value {
        Value::Object(members) => {
            if within == Within::Thing
                && let Some(reference) = reference_of(value)
            {
                judge(notes, reference, at, used);
            }
            for (key, member) in members {
                let Some(below) = within.below(key, member) else { continue };
                pointer::push(at, key);
                walk(notes, member, at, below, used);
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                pointer::push(at, &place.to_string());
                walk(notes, item, at, Within::Thing, used);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

fn judge(notes: &mut Notes<'_>, reference: &str, at: &str, used: &mut HashSet<String>) {
    let target = pointer::of_reference(reference);
    let found = target.as_ref().and_then(|target| notes.description.at(target));
    match (target, found) {
        (Some(target), Some(found)) => {
            if notes.description.resolved(found).is_none() {
                let message = format!("`{reference}` leads to nothing but other references");
                notes.note(&CIRCLE, at, message);
            }
            used.insert(target);
        }
        _ => notes.note(&UNRESOLVED, at, format!("`{reference}` leads to nothing")),
    }
}
