//! Operations that are gone, or go by another name.

use std::time::SystemTime;

use super::{Notes, Pair, rules};
use crate::Operation;
use crate::operation;

rules! {
    REMOVED = "operation-removed",
        "An operation is gone. One that was deprecated and whose `x-sunset` has passed may go.";
    RENAMED = "operation-id-changed",
        "An operation has another `operationId`, or none any more: generated clients, logs and plans call it by that.";
}

pub(super) fn check_gone(notes: &mut Notes<'_>, gone: &[&Operation], now: SystemTime) {
    for operation in gone {
        let was_announced =
            operation.is_deprecated && operation.sunset_at.is_some_and(|sunset| sunset <= now);
        if !was_announced {
            let message = format!("`{} {}` is gone", operation.method, operation.path);
            notes.note(&REMOVED, operation, &operation.pointer, message);
        }
    }
}

pub(super) fn check(notes: &mut Notes<'_>, pair: &Pair<'_>) {
    let Some(before) = &pair.before.id else { return };
    let message = match &pair.after.id {
        Some(after) if after == before => return,
        Some(after) => format!("the id `{before}` is `{after}` now"),
        None => format!("the id `{before}` is gone"),
    };
    notes.note(&RENAMED, pair.after, &operation::place(pair.after, "operationId"), message);
}
