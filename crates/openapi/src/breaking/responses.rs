//! Answers that callers understand, and that do not come any more as they did.

use super::request_bodies::{contents, covers};
use super::schemas::{Asker, Aspect};
use super::{Notes, Pair, rules};
use crate::description::{Description, Found};
use crate::operation::{self, Operation};
use crate::schema::Way;

rules! {
    STATUS = "response-status-removed",
        "An answer of 2xx is not promised any more.";
    MEDIA_TYPE = "response-media-type-removed",
        "An answer does not come any more in a media type.";
    PROPERTY = "response-property-removed",
        "A property of an answer is gone, or was always there and may be left out.";
    TYPE = "response-type-changed",
        "An answer or a property of it is of another type, or may be `null`.";
    WIDENED = "response-values-widened",
        "An answer or a property of it has values that were not listed: an `enum` or a `oneOf` has more, or is gone.";
}

pub(super) fn check(notes: &mut Notes<'_>, pair: &Pair<'_>) {
    let (old, new) = (notes.old, notes.new);
    let after: Vec<(&str, Found<'_>)> = all(new, pair.after);
    let asker = Asker { operation: pair.place, voice: "", way: Way::Response };
    for (status, before) in all(old, pair.before) {
        if !notes.work.spend(1 + after.len()) {
            return;
        }
        let same = after.iter().find(|(other, _)| other.eq_ignore_ascii_case(status));
        let Some((_, answer)) = same else {
            let range = status.get(..1).map(|first| format!("{first}xx"));
            let is_covered =
                after.iter().any(|(other, _)| Some(other.to_ascii_lowercase()) == range);
            if status.starts_with('2') && !is_covered {
                let message = format!("{status} is not promised any more");
                notes.note(&STATUS, pair.after, &before.pointer, message);
            }
            continue;
        };
        let media_types: Vec<(&str, Found<'_>)> = contents(answer).collect();
        for (media, found) in contents(&before) {
            if !notes.work.spend(1 + media_types.len()) {
                return;
            }
            let same = media_types.iter().find(|(other, _)| covers(media, other));
            let Some((_, other)) = same else {
                let message = format!("{status} does not come as `{media}` any more");
                notes.note(&MEDIA_TYPE, pair.after, &found.pointer, message);
                continue;
            };
            let schemas = found.get("schema").zip(other.get("schema"));
            let Some(schemas) = schemas else { continue };
            for change in notes.compare(schemas, asker) {
                let rule = match change.aspect {
                    Aspect::Type => &TYPE,
                    Aspect::Values => &WIDENED,
                    Aspect::Required | Aspect::Removed => &PROPERTY,
                };
                notes.note(rule, pair.after, &change.pointer, change.message);
            }
        }
    }
}

fn all<'d>(description: &'d Description, operation: &Operation) -> Vec<(&'d str, Found<'d>)> {
    let Some(responses) = description.at(&operation::place(operation, "responses")) else {
        return Vec::new();
    };
    let each = responses.members().filter(|(status, _)| !status.starts_with("x-"));
    let each = each.filter_map(|(status, found)| Some((status, description.resolved(found)?)));
    each.collect()
}
