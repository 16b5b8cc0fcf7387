//! From a text to a description, or to everything for which it is not taken.

use architrave_config::{PlainDocument, read_plain};
use serde_json::Value;

use crate::description::{Description, Edition, reference_of};
use crate::operation;
use crate::walk::Within;
use crate::{DescriptionFault, pointer};

/// The largest descriptions that are published have about this much.
pub(crate) const TEXT_BYTES_MAX: usize = 16 << 20;
/// More than ten times of what the largest published ones have.
const OPERATIONS_MAX: usize = 20_000;
/// Nobody reads more at once.
const FAULTS_MAX: usize = 100;

pub(crate) fn read(text: &str) -> Result<Description, Vec<DescriptionFault>> {
    let fault = |line, message| DescriptionFault { pointer: String::new(), line, message };
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the description is longer than {} MiB", TEXT_BYTES_MAX >> 20);
        return Err(vec![fault(1, message)]);
    }
    let document = read_plain(text).map_err(|faults| {
        faults.into_iter().map(|told| fault(told.line, told.message)).collect::<Vec<_>>()
    })?;
    let mut faults = Faults { document: &document, all: Vec::new() };
    let edition = edition(&document.value, &mut faults);
    whole(&document.value, &mut faults);
    references(&document.value, &mut String::new(), Within::Thing, &mut faults);
    let mut all = faults.all;
    let Some(edition) = edition.filter(|_| all.is_empty()) else {
        all.truncate(FAULTS_MAX);
        return Err(all);
    };
    let mut description = Description { document, edition, operations: Vec::new() };
    description.operations = operation::gather(&description);
    if description.operations.len() > OPERATIONS_MAX {
        return Err(vec![fault(1, format!("it has more than {OPERATIONS_MAX} operations"))]);
    }
    Ok(description)
}

struct Faults<'d> {
    document: &'d PlainDocument,
    all: Vec<DescriptionFault>,
}

impl Faults<'_> {
    fn note(&mut self, pointer: &str, message: impl Into<String>) {
        let line = self.document.line_of(pointer);
        self.all.push(DescriptionFault {
            pointer: pointer.to_owned(),
            line,
            message: message.into(),
        });
    }
}

fn edition(root: &Value, faults: &mut Faults<'_>) -> Option<Edition> {
    if !root.is_object() {
        faults
            .note("", "expected a description of an API: a map with `openapi`, `info` and `paths`");
        return None;
    }
    if root.get("openapi").is_none() && root.get("swagger").is_some() {
        faults.note("/swagger", "Swagger 2.0 is not taken: convert it to OpenAPI 3.0 or 3.1");
        return None;
    }
    // A version without quotes is a number to YAML.
    let version = match root.get("openapi") {
        Some(Value::String(version)) => version.clone(),
        Some(Value::Number(version)) => version.to_string(),
        _ => {
            faults.note("", "needs `openapi`, which says its edition, such as `openapi: 3.1.0`");
            return None;
        }
    };
    let is_of = |edition: &str| {
        version == edition
            || version.strip_prefix(edition).is_some_and(|rest| rest.starts_with('.'))
    };
    if is_of("3.0") {
        Some(Edition::V30)
    } else if is_of("3.1") {
        Some(Edition::V31)
    } else {
        let message = format!("`{version}` is not taken: OpenAPI 3.0 and 3.1 are");
        faults.note("/openapi", message);
        None
    }
}

/// What must be there, of the right sort, for anything to be told from it.
fn whole(root: &Value, faults: &mut Faults<'_>) {
    let Some(members) = root.as_object() else { return };
    match members.get("info") {
        Some(Value::Object(info)) => {
            if !info.get("title").is_some_and(Value::is_string) {
                faults.note("/info", "needs `title`, a text");
            }
            match info.get("version") {
                None => faults.note("/info", "needs `version`, the API's own"),
                Some(Value::String(_)) => {}
                Some(_) => faults.note("/info/version", "expected a text: put it in quotes"),
            }
        }
        Some(_) => faults.note("/info", "expected a map"),
        None => faults.note("", "needs `info`, with `title` and `version`"),
    }
    for key in ["paths", "components", "webhooks"] {
        if members.get(key).is_some_and(|value| !value.is_object()) {
            faults.note(&pointer::below("", key), "expected a map");
        }
    }
    if !["paths", "components", "webhooks"].iter().any(|key| members.contains_key(*key)) {
        faults.note("", "needs `paths`");
    }
    let Some(Value::Object(paths)) = members.get("paths") else { return };
    for (path, item) in paths {
        if path.starts_with("x-") {
            continue;
        }
        let at = pointer::below("/paths", path);
        if !path.starts_with('/') {
            faults.note(&at, "a path begins with `/`");
        }
        let Some(item) = item.as_object() else {
            faults.note(&at, "expected a map of operations");
            continue;
        };
        for method in operation::METHODS {
            if item.get(method).is_some_and(|operation| !operation.is_object()) {
                faults.note(&pointer::below(&at, method), "expected an operation: a map");
            }
        }
    }
}

/// Refuses references that lead out of the document.
fn references(value: &Value, at: &mut String, within: Within, faults: &mut Faults<'_>) {
    let length = at.len();
    match value {
        Value::Object(members) => {
            if within == Within::Thing
                && let Some(reference) = reference_of(value)
                && pointer::is_external(reference)
            {
                let message = format!(
                    "`{reference}` is outside of the description and is never fetched: put it in, \
                     below `components`"
                );
                faults.note(at, message);
            }
            for (key, member) in members {
                let Some(below) = within.below(key, member) else { continue };
                pointer::push(at, key);
                references(member, at, below, faults);
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                pointer::push(at, &place.to_string());
                references(item, at, Within::Thing, faults);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
