//! Parameters: those in the path are declared, and every one says what it takes.

use std::collections::HashSet;

use super::{Notes, rules};
use crate::operation;

rules! {
    UNDECLARED = "path-parameter-undeclared", Error,
        "Every name in braces is declared as a parameter `in: path`.";
    UNUSED = "path-parameter-unused", Error,
        "Every parameter `in: path` stands in the path.";
    NOT_REQUIRED = "path-parameter-not-required", Error,
        "A parameter in the path is `required: true`: there is no path without it.";
    TWICE = "parameter-duplicate", Error,
        "An operation has each parameter once, by its name and where it is.";
    NO_SCHEMA = "parameter-without-schema", Error,
        "A parameter has a `schema`, or a `content` with exactly one media type.";
    NOWHERE = "parameter-place-unknown", Error,
        "A parameter has a name, and is in `path`, `query`, `header` or `cookie`.";
}

pub(super) fn check(notes: &mut Notes<'_>) {
    let description = notes.description;
    let mut seen: HashSet<String> = HashSet::new();
    for operation in description.operations() {
        let parameters = operation::parameters(description, operation);
        let names = operation.template.names();
        let declared: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.text("in") == Some("path"))
            .filter_map(|parameter| parameter.text("name"))
            .collect();
        for name in names.iter().filter(|name| !declared.contains(name)) {
            let label = operation.label();
            let message = format!("`{label}` does not declare `{name}`, which is in its path");
            notes.note(&UNDECLARED, &operation.pointer, message);
        }
        let mut known: Vec<(Option<&str>, Option<&str>)> = Vec::new();
        for parameter in &parameters {
            let (name, place) = (parameter.text("name"), parameter.text("in"));
            if known.contains(&(name, place)) {
                let name = name.unwrap_or_default();
                let message = format!("`{}` has `{name}` twice", operation.label());
                notes.note(&TWICE, &parameter.pointer, message);
            }
            known.push((name, place));
            if let (Some(name), Some("path")) = (name, place)
                && !names.contains(&name)
            {
                let message = format!("`{name}` is not in the path `{}`", operation.path);
                notes.note(&UNUSED, &parameter.pointer, message);
            }
            // What is shared by many is told once.
            if !seen.insert(parameter.pointer.clone()) {
                continue;
            }
            if name.is_none() || !matches!(place, Some("path" | "query" | "header" | "cookie")) {
                let message = "needs `name`, and `in`: `path`, `query`, `header` or `cookie`";
                notes.note(&NOWHERE, &parameter.pointer, message);
                continue;
            }
            let name = name.unwrap_or_default();
            if place == Some("path") && !parameter.is("required") {
                let message = format!("`{name}` is in the path: `required: true`");
                notes.note(&NOT_REQUIRED, &parameter.pointer, message);
            }
            let contents = parameter.get("content").map_or(0, |content| content.members().count());
            let has_schema = parameter.get("schema").is_some();
            if !(has_schema && contents == 0 || !has_schema && contents == 1) {
                let message = format!("`{name}` does not say what it takes: `schema`");
                notes.note(&NO_SCHEMA, &parameter.pointer, message);
            }
        }
    }
}
