//! What breaks callers: the twenty rules that matter most, one file for each group.
//!
//! A rule is about a caller who does what the old description allows, and understands what it
//! promises. What only more is possible with breaks nobody.

mod operations;
mod parameters;
mod request_bodies;
mod responses;
mod schemas;
mod security;

use std::time::SystemTime;

use crate::{Description, Operation};

/// More changes that break are no list to work through.
const CHANGES_MAX: usize = 1000;
/// Operations that are named with one change.
const NAMED_MAX: usize = 50;

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakingRule {
    /// Its name, such as `parameter-required-added`.
    pub name: &'static str,
    /// What breaks whom.
    pub about: &'static str,
}

/// A change that breaks callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakingChange {
    /// The rule.
    pub rule: &'static BreakingRule,
    /// Where: a JSON Pointer (RFC 6901) into the new description; into the old one for what is gone.
    pub pointer: String,
    /// What changed: lower case, no full stop.
    pub message: String,
    /// The operations that it is about; of many, the first fifty.
    pub operations: Vec<String>,
}

/// Declares the rules of a group.
macro_rules! rules {
    ($($name:ident = $word:literal, $about:literal;)+) => {
        $(pub(super) static $name: $crate::breaking::BreakingRule =
            $crate::breaking::BreakingRule { name: $word, about: $about };)+

        /// The rules of this group.
        pub(super) static RULES: &[&$crate::breaking::BreakingRule] = &[$(&$name),+];
    };
}
use rules;

/// The groups, with what they are about and their rules.
#[must_use]
pub fn groups() -> Vec<(&'static str, &'static [&'static BreakingRule])> {
    vec![
        ("Operations", operations::RULES),
        ("Parameters", parameters::RULES),
        ("Request bodies", request_bodies::RULES),
        ("Answers", responses::RULES),
        ("Security", security::RULES),
    ]
}

/// Holds what is gone, and the pairs of which something changed, against every rule.
pub(crate) fn judge(
    old: &Description,
    new: &Description,
    gone: &[&Operation],
    pairs: &[(&Operation, &Operation)],
    now: SystemTime,
) -> Vec<BreakingChange> {
    let mut notes = Notes { old, new, changes: Vec::new() };
    operations::check_gone(&mut notes, gone, now);
    for (before, after) in pairs {
        let pair = Pair { before, after };
        operations::check(&mut notes, &pair);
        parameters::check(&mut notes, &pair);
        request_bodies::check(&mut notes, &pair);
        responses::check(&mut notes, &pair);
        security::check(&mut notes, &pair);
    }
    notes.changes
}

/// An operation as it was and as it is.
struct Pair<'p> {
    before: &'p Operation,
    after: &'p Operation,
}

/// Where changes go.
struct Notes<'d> {
    old: &'d Description,
    new: &'d Description,
    changes: Vec<BreakingChange>,
}

impl Notes<'_> {
    /// Notes a change. What many operations share is one change of all of them.
    fn note(
        &mut self,
        rule: &'static BreakingRule,
        operation: &Operation,
        pointer: &str,
        message: String,
    ) {
        let label = operation.label();
        let same = |change: &BreakingChange| {
            change.rule == rule && change.pointer == pointer && change.message == message
        };
        if let Some(at) = self.changes.iter().position(same) {
            let operations = &mut self.changes[at].operations;
            if operations.len() < NAMED_MAX && !operations.contains(&label) {
                operations.push(label);
            }
        } else if self.changes.len() < CHANGES_MAX {
            let (pointer, operations) = (pointer.to_owned(), vec![label]);
            self.changes.push(BreakingChange { rule, pointer, message, operations });
        }
    }
}

#[cfg(test)]
mod tests;
