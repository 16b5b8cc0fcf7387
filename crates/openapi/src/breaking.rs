//! What breaks callers: the twenty rules that matter most, one file for each group, and one for what
//! could not be looked at.
//!
//! A rule is about a caller who does what the old description allows, and understands what it
//! promises. What only more is possible with breaks nobody.

mod operations;
mod parameters;
mod request_bodies;
mod responses;
mod schemas;
mod security;
mod whole;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use crate::description::Found;
use crate::{Description, Operation};
use schemas::{Asker, Comparison, SchemaChange};

/// What is looked at in one comparison: several times of what the largest descriptions that are
/// taken need, and an end where they are made to have none.
const WORK_MAX: usize = 20_000_000;
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
        ("The whole", whole::RULES),
    ]
}

/// What is compared, and until when.
pub(crate) struct Judged<'d> {
    pub(crate) old: &'d Description,
    pub(crate) new: &'d Description,
    /// Operations that only the old one has.
    pub(crate) gone: &'d [&'d Operation],
    /// Operations of which something is told otherwise.
    pub(crate) pairs: &'d [(&'d Operation, &'d Operation)],
    pub(crate) now: SystemTime,
    /// Set, when nobody waits for it any more.
    pub(crate) stop: &'d AtomicBool,
}

/// Holds what is gone, and the pairs of which something changed, against every rule.
pub(crate) fn judge(judged: &Judged<'_>) -> Vec<BreakingChange> {
    judge_within(judged, WORK_MAX).0
}

/// The changes, and how much was looked at for them.
fn judge_within(judged: &Judged<'_>, most: usize) -> (Vec<BreakingChange>, usize) {
    let mut notes = Notes {
        old: judged.old,
        new: judged.new,
        schemas: Comparison::new(judged.old, judged.new),
        work: Work { left: most, is_used_up: false, stop: judged.stop },
        changes: Vec::new(),
        known: HashMap::new(),
    };
    operations::check_gone(&mut notes, judged.gone, judged.now);
    for (place, (before, after)) in judged.pairs.iter().enumerate() {
        let pair = Pair { place, before, after };
        if !notes.work.spend(1) {
            break;
        }
        operations::check(&mut notes, &pair);
        parameters::check(&mut notes, &pair);
        request_bodies::check(&mut notes, &pair);
        responses::check(&mut notes, &pair);
        security::check(&mut notes, &pair);
    }
    whole::check(&mut notes);
    (notes.changes, most - notes.work.left)
}

/// How much may be looked at still.
struct Work<'s> {
    left: usize,
    is_used_up: bool,
    stop: &'s AtomicBool,
}

impl Work<'_> {
    /// Takes that much of it; `false` when there is not as much, or nobody waits any more.
    fn spend(&mut self, much: usize) -> bool {
        if self.is_used_up || much > self.left || self.stop.load(Ordering::Relaxed) {
            self.is_used_up = true;
            return false;
        }
        self.left -= much;
        true
    }
}

/// An operation as it was and as it is.
struct Pair<'p> {
    /// Which of all pairs.
    place: usize,
    before: &'p Operation,
    after: &'p Operation,
}

/// Where changes go.
struct Notes<'d> {
    old: &'d Description,
    new: &'d Description,
    schemas: Comparison<'d>,
    work: Work<'d>,
    changes: Vec<BreakingChange>,
    /// The places of what is noted already.
    known: HashMap<(&'static str, String, String), usize>,
}

impl<'d> Notes<'d> {
    /// What changes from one schema to another that has not been told often enough.
    fn compare(&mut self, schemas: (Found<'d>, Found<'d>), asker: Asker<'_>) -> Vec<SchemaChange> {
        self.schemas.changes(schemas, asker, &mut self.work)
    }

    /// Notes a change. What many operations share is one change of all of them.
    fn note(
        &mut self,
        rule: &'static BreakingRule,
        operation: &Operation,
        pointer: &str,
        message: String,
    ) {
        let label = operation.label();
        let key = (rule.name, pointer.to_owned(), message);
        if let Some(at) = self.known.get(&key) {
            let operations = &mut self.changes[*at].operations;
            if operations.len() < NAMED_MAX && !operations.contains(&label) {
                operations.push(label);
            }
        } else if self.changes.len() < CHANGES_MAX {
            let (pointer, message, operations) = (pointer.to_owned(), key.2.clone(), vec![label]);
            self.known.insert(key, self.changes.len());
            self.changes.push(BreakingChange { rule, pointer, message, operations });
        }
    }
}

#[cfg(test)]
mod tests;
