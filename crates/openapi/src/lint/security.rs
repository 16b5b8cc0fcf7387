//! Security: what is asked for is declared, and something is.

use std::collections::HashSet;

use super::{Notes, rules};
use crate::description::Found;
use crate::operation;
use crate::pointer;

rules! {
    UNDEFINED = "security-scheme-undefined", Error,
        "Every name below `security` is one of `components.securitySchemes`.";
    NONE = "security-missing", Warning,
        "An operation says how callers prove who they are, or `security: []` that they need not.";
    IN_QUERY = "security-key-in-query", Warning,
        "A key does not stand in the query, where logs and histories keep it.";
    PLAIN = "server-not-encrypted", Hint,
        "A server is reached by `https`.";
}

pub(super) fn check(notes: &mut Notes<'_>) {
    let description = notes.description;
    let root = description.root();
    let schemes = description.at("/components/securitySchemes");
    let mut declared: HashSet<&str> = HashSet::new();
    for (name, scheme) in schemes.iter().flat_map(Found::members) {
        declared.insert(name);
        let Some(scheme) = description.resolved(scheme) else { continue };
        if scheme.text("type") == Some("apiKey") && scheme.text("in") == Some("query") {
            let message = format!("`{name}` is a key in the query: put it in a header");
            notes.note(&IN_QUERY, &scheme.pointer, message);
        }
    }
    for server in root.items("servers") {
        let is_plain = |url: &str| {
            url.starts_with("http://")
                && !["http://localhost", "http://127.", "http://[::1]"]
                    .iter()
                    .any(|local| url.starts_with(local))
        };
        if server.text("url").is_some_and(is_plain) {
            notes.note(&PLAIN, &pointer::below(&server.pointer, "url"), "not `https`");
        }
    }
    requirements(notes, &root, &declared);
    let is_asked_for = root.get("security").is_some();
    for operation in description.operations() {
        let Some(found) = description.at(&operation.pointer) else { continue };
        match found.get("security") {
            Some(_) => requirements(notes, &found, &declared),
            None if !is_asked_for => {
                let message = format!("`{}` does not say who may call it", operation.label());
                notes.note(&NONE, &operation::place(operation, "security"), message);
            }
            None => {}
        }
    }
}

fn requirements(notes: &mut Notes<'_>, of: &Found<'_>, declared: &HashSet<&str>) {
    for requirement in of.items("security") {
        for (name, place) in requirement.members() {
            if !declared.contains(name) {
                let message = format!("`{name}` is no scheme of `components.securitySchemes`");
                notes.note(&UNDEFINED, &place.pointer, message);
            }
        }
    }
}
