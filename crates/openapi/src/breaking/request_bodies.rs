//! Bodies of requests that callers send, and that would not be taken any more.

use super::schemas::{Asker, Aspect};
use super::{Notes, Pair, rules};
use crate::description::{Description, Found};
use crate::operation::{self, Operation};
use crate::schema::Way;

rules! {
    BECAME_REQUIRED = "request-body-became-required",
        "A body that could be left out is required, or there was none before.";
    MEDIA_TYPE = "request-media-type-removed",
        "A body is not taken any more in a media type.";
    PROPERTY_REQUIRED = "request-property-became-required",
        "A property that could be left out, or that was not there, is required.";
    PROPERTY_REMOVED = "request-property-removed",
        "A property is gone: what callers say with it is ignored or refused.";
    TYPE = "request-type-changed",
        "A body or a property of it is of another type, or may not be `null` any more.";
    NARROWED = "request-values-narrowed",
        "A body or a property of it takes fewer values: an `enum` or a bound is narrower or new, or what is not listed is not taken any more.";
}

pub(super) fn check(notes: &mut Notes<'_>, pair: &Pair<'_>) {
    let (old, new) = (notes.old, notes.new);
    let (before, after) = (body(old, pair.before), body(new, pair.after));
    let (Some(after), before) = (after, before) else {
        if let Some(before) = body(old, pair.before) {
            for (media, found) in contents(&before) {
                let message = format!("no body is taken any more, `{media}` was");
                notes.note(&MEDIA_TYPE, pair.after, &found.pointer, message);
            }
        }
        return;
    };
    let was_required = before.as_ref().is_some_and(|before| before.is("required"));
    if after.is("required") && !was_required {
        let message = String::from("the body is required");
        notes.note(&BECAME_REQUIRED, pair.after, &after.pointer, message);
    }
    let Some(before) = before else { return };
    let taken: Vec<(&str, Found<'_>)> = contents(&after).collect();
    let asker = Asker { operation: pair.place, voice: "", way: Way::Request };
    for (media, found) in contents(&before) {
        if !notes.work.spend(1 + taken.len()) {
            return;
        }
        let Some((_, other)) = taken.iter().find(|(other, _)| covers(other, media)) else {
            let message = format!("`{media}` is not taken any more");
            notes.note(&MEDIA_TYPE, pair.after, &found.pointer, message);
            continue;
        };
        let Some(schemas) = found.get("schema").zip(other.get("schema")) else { continue };
        for change in notes.compare(schemas, asker) {
            let rule = match change.aspect {
                Aspect::Type => &TYPE,
                Aspect::Values => &NARROWED,
                Aspect::Required => &PROPERTY_REQUIRED,
                Aspect::Removed => &PROPERTY_REMOVED,
            };
            notes.note(rule, pair.after, &change.pointer, change.message);
        }
    }
}

fn body<'d>(description: &'d Description, operation: &Operation) -> Option<Found<'d>> {
    description.resolved(description.at(&operation::place(operation, "requestBody"))?)
}

/// The media types of a body or an answer, without parameters.
pub(super) fn contents<'d>(of: &Found<'d>) -> impl Iterator<Item = (&'d str, Found<'d>)> + use<'d> {
    let content = of.get("content");
    content.into_iter().flat_map(|content| content.members())
}

/// Whether one media type is another, or stands for it.
pub(super) fn covers(range: &str, media: &str) -> bool {
    let plain = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (range, media) = (plain(range), plain(media));
    let sort = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    range == media || range == "*/*" || range.ends_with("/*") && sort(&range) == sort(&media)
}
