//! Parameters that callers do not send yet, or send and may not any more.

use super::schemas::{Asker, Aspect};
use super::{Notes, Pair, rules};
use crate::description::Found;
use crate::operation;
use crate::schema::Way;

rules! {
    REMOVED = "parameter-removed",
        "A parameter is gone: what callers ask for with it is ignored.";
    REQUIRED_ADDED = "parameter-required-added",
        "There is a new parameter that is required.";
    BECAME_REQUIRED = "parameter-became-required",
        "A parameter that could be left out is required.";
    TYPE = "parameter-type-changed",
        "A parameter is of another type, or is written in another way (`style`, `explode`).";
    NARROWED = "parameter-values-narrowed",
        "A parameter takes fewer values: an `enum` or a bound is narrower, or is new.";
}

pub(super) fn check(notes: &mut Notes<'_>, pair: &Pair<'_>) {
    let (old, new) = (notes.old, notes.new);
    let before = operation::parameters(old, pair.before);
    let after = operation::parameters(new, pair.after);
    if !notes.work.spend(before.len().saturating_mul(after.len().max(1))) {
        return;
    }
    for (at, parameter) in before.iter().enumerate() {
        let Some(other) = counterpart(pair, &before, at, &after) else {
            let message = format!("{} is gone", named(parameter));
            notes.note(&REMOVED, pair.after, &parameter.pointer, message);
            continue;
        };
        if other.is("required") && !parameter.is("required") {
            let message = format!("{} is required", named(other));
            notes.note(&BECAME_REQUIRED, pair.after, &other.pointer, message);
        }
        if style(parameter) != style(other) {
            let message = format!("{} is written in another way", named(other));
            notes.note(&TYPE, pair.after, &other.pointer, message);
        }
        let schemas = schema(parameter).zip(schema(other));
        let Some(schemas) = schemas else { continue };
        let name = named(other);
        let asker = Asker { operation: pair.place, voice: &name, way: Way::Request };
        for change in notes.compare(schemas, asker) {
            let rule = match change.aspect {
                Aspect::Type => &TYPE,
                _ => &NARROWED,
            };
            let message = format!("{name}: {}", change.message);
            notes.note(rule, pair.after, &change.pointer, message);
        }
    }
    for parameter in &after {
        let is_new = !before.iter().enumerate().any(|(at, _)| {
            counterpart(pair, &before, at, &after)
                .is_some_and(|other| other.pointer == parameter.pointer)
        });
        if is_new && parameter.is("required") && parameter.text("in") != Some("path") {
            let message = format!("{} is required, and is new", named(parameter));
            notes.note(&REQUIRED_ADDED, pair.after, &parameter.pointer, message);
        }
    }
}

/// The same parameter in the new description: in a path by its place, whatever it is called.
fn counterpart<'a, 'd>(
    pair: &Pair<'_>,
    before: &[Found<'d>],
    at: usize,
    after: &'a [Found<'d>],
) -> Option<&'a Found<'d>> {
    let parameter = &before[at];
    let place = parameter.text("in");
    let mut name = parameter.text("name")?;
    if place == Some("path") {
        let index = pair.before.template.names().iter().position(|known| *known == name)?;
        name = pair.after.template.names().get(index).copied()?;
    }
    let is_header = place == Some("header");
    after.iter().find(|other| {
        let other_name = other.text("name").unwrap_or_default();
        let same = other_name == name || is_header && other_name.eq_ignore_ascii_case(name);
        same && other.text("in") == place
    })
}

fn named(parameter: &Found<'_>) -> String {
    let name = parameter.text("name").unwrap_or_default();
    format!("the parameter `{name}` ({})", parameter.text("in").unwrap_or_default())
}

/// How it is written, with the defaults of the format.
fn style<'d>(parameter: &Found<'d>) -> (&'d str, bool) {
    let default = match parameter.text("in") {
        Some("query" | "cookie") => "form",
        _ => "simple",
    };
    let style = parameter.text("style").unwrap_or(default);
    let explode = parameter.value.get("explode").and_then(serde_json::Value::as_bool);
    (style, explode.unwrap_or(style == "form"))
}

/// Its schema, its own or that of its only media type.
fn schema<'d>(parameter: &Found<'d>) -> Option<Found<'d>> {
    let own = parameter.get("schema");
    own.or_else(|| parameter.get("content")?.members().next()?.1.get("schema"))
}
