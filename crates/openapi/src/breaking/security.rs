//! What callers must show, and did not have to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::{Notes, Pair, rules};
use crate::operation::{self, Operation};
use crate::{Description, pointer};

rules! {
    ADDED = "security-requirement-added",
        "Callers must prove who they are in a way that was not asked of them, or a way that was enough is not any more.";
    SCOPE = "security-scope-added",
        "A way to prove who calls needs a scope that it did not need.";
}

/// One way that is enough: schemes, each with its scopes.
type Way = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check(notes: &mut Notes<'_>, pair: &Pair<'_>) {
    let before = ways(notes.old, pair.before);
    let after = ways(notes.new, pair.after);
    if !notes.work.spend(before.len().saturating_mul(after.len())) {
        return;
    }
    for way in &before {
        // A way is good still when one of the new ones asks for nothing beyond it.
        let fits = |other: &Way| {
            other.iter().all(|(scheme, scopes)| {
                way.get(scheme).is_some_and(|known| scopes.is_subset(known))
            })
        };
        if after.iter().any(fits) {
            continue;
        }
        let same_schemes = |other: &&Way| other.keys().all(|scheme| way.contains_key(scheme));
        let at = place(notes.new, pair.after);
        match after.iter().find(same_schemes) {
            Some(other) => {
                let added: Vec<&str> = other
                    .iter()
                    .flat_map(|(scheme, scopes)| scopes.difference(&way[scheme]))
                    .map(String::as_str)
                    .collect();
                let message = format!("{} needs `{}`", named(way), added.join("`, `"));
                notes.note(&SCOPE, pair.after, &at, message);
            }
            None if way.is_empty() => {
                let message = String::from("callers must prove who they are, and did not have to");
                notes.note(&ADDED, pair.after, &at, message);
            }
            None => {
                let message = format!("{} is not enough any more", named(way));
                notes.note(&ADDED, pair.after, &at, message);
            }
        }
    }
}

fn named(way: &Way) -> String {
    let schemes: Vec<&str> = way.keys().map(String::as_str).collect();
    if schemes.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{}`", schemes.join("` with `"))
    }
}

/// Where it is said of the operation, or of all.
fn place(description: &Description, operation: &Operation) -> String {
    let own = operation::place(operation, "security");
    if description.at(&own).is_some() { own } else { pointer::below("", "security") }
}

/// The ways that are enough; one with nothing in it, where nothing is asked for.
fn ways(description: &Description, operation: &Operation) -> Vec<Way> {
    let own = description.at(&operation::place(operation, "security"));
    let of_all = || description.at("/security");
    let listed = own.or_else(of_all).and_then(|found| found.value.as_array());
    let way = |requirement: &Value| -> Way {
        let schemes = requirement.as_object().into_iter().flatten();
        let scopes = |scopes: &Value| {
            let scopes = scopes.as_array().into_iter().flatten();
            scopes.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        schemes.map(|(scheme, listed)| (scheme.clone(), scopes(listed))).collect()
    };
    let ways: Vec<Way> = listed.into_iter().flatten().map(way).collect();
    if ways.is_empty() { vec![Way::new()] } else { ways }
}
