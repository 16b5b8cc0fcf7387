//! What of a comparison was not done.

use super::{BreakingChange, Notes, rules};

rules! {
    NOT_COMPARED = "not-compared-whole",
        "The descriptions are too large, or refer to one another in too many ways, to be compared to the end: what was not looked at counts as breaking.";
}

/// Says so, where there was more to look at than may be. Not one of the thousand that are told.
pub(super) fn check(notes: &mut Notes<'_>) {
    if !notes.work.is_used_up {
        return;
    }
    notes.changes.push(BreakingChange {
        rule: &NOT_COMPARED,
        pointer: String::new(),
        message: "too large to be compared whole: what was not looked at counts as breaking".into(),
        operations: Vec::new(),
    });
}
