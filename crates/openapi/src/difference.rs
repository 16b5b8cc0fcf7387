//! What came, went and changed from one description to another, operation by operation.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use serde_json::Value;

use crate::breaking::{self, BreakingChange, Judged};
use crate::description::reference_of;
use crate::{Description, Operation, pointer};

/// The difference between two descriptions. Operations belong together by method and path,
/// whatever the parameters in it are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Operations that only the new one has.
    pub added: Vec<String>,
    /// Operations of which something is told otherwise, in what they refer to as well.
    pub changed: Vec<String>,
    /// Operations that only the old one has.
    pub removed: Vec<String>,
    /// What stops callers of the old one from working with the new one.
    pub breaking: Vec<BreakingChange>,
}

impl Difference {
    /// Whether both describe the same operations in the same words.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Compares two descriptions. `now` decides whether an operation that is gone was announced to be.
#[must_use]
pub fn difference(old: &Description, new: &Description, now: SystemTime) -> Difference {
    difference_until((old, new), now, &AtomicBool::new(false))
}

/// Compares two descriptions as long as `stop` is not set, which another thread may do; what was
/// compared to the end only says so of itself.
#[must_use]
pub fn difference_until(
    (old, new): (&Description, &Description),
    now: SystemTime,
    stop: &AtomicBool,
) -> Difference {
    let mut difference = Difference::default();
    let by_identity = |description: &'_ Description| -> HashMap<String, usize> {
        let operations = description.operations().iter().enumerate();
        operations.map(|(at, operation)| (operation.identity(), at)).collect()
    };
    let news = by_identity(new);
    let olds = by_identity(old);
    let words = Words::new(old, new);
    let mut pairs: Vec<(&Operation, &Operation)> = Vec::new();
    let mut gone: Vec<&Operation> = Vec::new();
    for operation in old.operations() {
        match news.get(&operation.identity()).and_then(|at| new.operations().get(*at)) {
            None => {
                difference.removed.push(operation.label());
                gone.push(operation);
            }
            Some(other) => {
                if words.are_others(operation, other) {
                    difference.changed.push(other.label());
                    pairs.push((operation, other));
                }
            }
        }
    }
    let is_new = |operation: &&Operation| !olds.contains_key(&operation.identity());
    difference.added = new.operations().iter().filter(is_new).map(Operation::label).collect();
    let (gone, pairs) = (&gone, &pairs);
    difference.breaking = breaking::judge(&Judged { old, new, gone, pairs, now, stop });
    difference
}

/// Everything that is told of operations, references followed.
struct Words<'d> {
    old: &'d Description,
    new: &'d Description,
    /// Whether something is said of all operations that was not.
    is_all: bool,
    /// What the old one refers to that is told otherwise in the new one, itself or by what it refers
    /// to in turn. What says the same refers to the same, so that the old one knows it all.
    others: HashSet<String>,
}

impl<'d> Words<'d> {
    fn new(old: &'d Description, new: &'d Description) -> Self {
        let is_other = |at: &str| old.value().pointer(at) != new.value().pointer(at);
        let is_all = ["/security", "/servers"].into_iter().any(is_other);
        // Who refers to what, from the operations on.
        let mut open: BTreeSet<String> = BTreeSet::new();
        for operation in old.operations() {
            told(old, operation).into_iter().flatten().for_each(|it| references(it, &mut open));
        }
        let mut referring: HashMap<String, Vec<String>> = HashMap::new();
        let mut known: HashSet<String> = open.iter().cloned().collect();
        let mut changed: Vec<String> = Vec::new();
        while let Some(next) = open.pop_first() {
            let mut further = BTreeSet::new();
            if let Some(value) = old.value().pointer(&next) {
                references(value, &mut further);
            }
            if is_other(&next) {
                changed.push(next.clone());
            }
            for target in further {
                referring.entry(target.clone()).or_default().push(next.clone());
                if known.insert(target.clone()) {
                    open.insert(target);
                }
            }
        }
        let mut others: HashSet<String> = changed.iter().cloned().collect();
        while let Some(next) = changed.pop() {
            for one in referring.remove(&next).into_iter().flatten() {
                if others.insert(one.clone()) {
                    changed.push(one);
                }
            }
        }
        Self { old, new, is_all, others }
    }

    /// Whether something is told of an operation that was not, or not so.
    fn are_others(&self, before: &Operation, after: &Operation) -> bool {
        let was = told(self.old, before);
        if self.is_all || was != told(self.new, after) {
            return true;
        }
        let mut targets = BTreeSet::new();
        was.into_iter().flatten().for_each(|value| references(value, &mut targets));
        targets.iter().any(|target| self.others.contains(target))
    }
}

/// What is said of an operation in its place; of its path, only what is shared by its operations.
fn told<'d>(description: &'d Description, operation: &Operation) -> [Option<&'d Value>; 2] {
    let value = |at: &str| description.value().pointer(at);
    [value(&operation.pointer), value(&operation.item).and_then(|item| item.get("parameters"))]
}

/// Where the references in a value lead.
fn references(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(target) = reference_of(value).and_then(pointer::of_reference) {
                to.insert(target);
            }
            members.values().for_each(|member| references(member, to));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, to)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
