//! The operations of a description: a method and a path each, with what is said of them.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::Value;

use crate::description::{Description, Found};
use crate::pointer;
use crate::template::Template;

/// The methods that a path can have, as a description writes them.
pub(crate) const METHODS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Letters of a summary that are kept.
const SUMMARY_CHARS_MAX: usize = 500;

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: Option<String>,
    /// Its method, in capitals.
    pub method: String,
    /// Its path, with the names of parameters in braces.
    pub path: String,
    /// What it is filed under.
    pub tags: Vec<String>,
    /// What it does, in a line.
    pub summary: String,
    /// Whether it is deprecated.
    pub is_deprecated: bool,
    /// Since when it is deprecated: `x-deprecated-at`.
    pub deprecated_at: Option<SystemTime>,
    /// When it ends: `x-sunset`.
    pub sunset_at: Option<SystemTime>,
    /// Where more of it is read: the URL of `externalDocs`.
    pub notice: Option<String>,
    /// Where in the description: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// Where its path item is, whose parameters are its, too.
    pub(crate) item: String,
    pub(crate) template: Template,
}

impl Operation {
    /// What it is called: its id, or method and path.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.id {
            Some(id) => id.clone(),
            None => format!("{} {}", self.method, self.path),
        }
    }

    /// What makes it the same operation in two descriptions, whatever its parameters are called.
    pub(crate) fn identity(&self) -> String {
        format!("{} {}", self.method, self.template.nameless())
    }
}

/// Every operation below `paths`.
pub(crate) fn gather(description: &Description) -> Vec<Operation> {
    let Some(paths) = description.root().get("paths") else { return Vec::new() };
    let mut operations = Vec::new();
    for (path, item) in paths.members().filter(|(path, _)| path.starts_with('/')) {
        let Some(item) = description.resolved(item) else { continue };
        for (method, found) in item.members().filter(|(key, _)| METHODS.contains(key)) {
            operations.push(read(path, method, &item, &found));
        }
    }
    operations
}

fn read(path: &str, method: &str, item: &Found<'_>, found: &Found<'_>) -> Operation {
    let tags = found.items("tags").filter_map(|tag| tag.value.as_str().map(str::to_owned));
    let summary = found.text("summary").or_else(|| found.text("description")).unwrap_or_default();
    let line = summary.lines().next().unwrap_or_default();
    let id = found.text("operationId").filter(|id| !id.is_empty());
    Operation {
        id: id.map(str::to_owned),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        tags: tags.collect(),
        summary: line.chars().take(SUMMARY_CHARS_MAX).collect(),
        is_deprecated: found.is("deprecated"),
        deprecated_at: found.text("x-deprecated-at").and_then(moment),
        sunset_at: found.text("x-sunset").and_then(moment),
        notice: found.get("externalDocs").and_then(|docs| link(docs.text("url")?)),
        pointer: found.pointer.clone(),
        item: item.pointer.clone(),
        template: Template::new(path),
    }
}

/// A URL or path, where it can stand between the angle brackets of a `Link`.
fn link(text: &str) -> Option<String> {
    let is_absolute = text.starts_with("https://") || text.starts_with("http://");
    let is_path = text.starts_with('/') && !text.starts_with("//");
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\".contains(&byte));
    (is_plain && (is_absolute || is_path)).then(|| text.to_owned())
}

/// A day, or a moment, as RFC 3339 has them.
pub(crate) fn moment(text: &str) -> Option<SystemTime> {
    let is_day = text.len() == 10;
    let timestamp: Timestamp = match is_day {
        true => format!("{text}T00:00:00Z").parse().ok()?,
        false => text.parse().ok()?,
    };
    let micros = u64::try_from(timestamp.as_microsecond()).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
}

/// The parameters of an operation, those of its path included where it has no other of that name;
/// what references lead to.
pub(crate) fn parameters<'d>(
    description: &'d Description,
    operation: &Operation,
) -> Vec<Found<'d>> {
    let own = |pointer: &str| -> Vec<Found<'d>> {
        let Some(found) = description.at(pointer) else { return Vec::new() };
        found.items("parameters").filter_map(|item| description.resolved(item)).collect()
    };
    let named = |found: &Found<'d>| (found.text("name"), found.text("in"));
    let mut all = own(&operation.pointer);
    let mut known: HashSet<_> = all.iter().map(named).collect();
    all.extend(own(&operation.item).into_iter().filter(|shared| known.insert(named(shared))));
    all
}

/// The paths of the servers, without host and without a slash at the end.
pub(crate) fn base_paths(description: &Description) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for server in description.root().items("servers") {
        let Some(url) = server.text("url") else { continue };
        let url = filled(url, server.value.get("variables"));
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
            None => &url,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let path = match path.is_empty() || path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        };
        if !path.contains(['{', '}']) && !paths.contains(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        paths.push(String::new());
    }
    paths
}

/// A URL with the defaults of its variables put in.
fn filled(url: &str, variables: Option<&Value>) -> String {
    let mut url = url.to_owned();
    for (name, variable) in variables.and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = variable.get("default").and_then(Value::as_str) {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    url
}

/// Where the parameters of an operation begin, for findings about what is missing.
pub(crate) fn place(operation: &Operation, key: &str) -> String {
    pointer::below(&operation.pointer, key)
}
