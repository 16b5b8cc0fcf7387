//! What came, went and changed from one description to another, operation by operation.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::breaking::{self, BreakingChange};
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
pub fn difference(old: &Description, new: &Description, now: std::time::SystemTime) -> Difference {
    let mut difference = Difference::default();
    let by_identity = |description: &'_ Description| -> HashMap<String, usize> {
        let operations = description.operations().iter().enumerate();
        operations.map(|(at, operation)| (operation.identity(), at)).collect()
    };
    let news = by_identity(new);
    let olds = by_identity(old);
    let (mut old_words, mut new_words) = (Words::new(old), Words::new(new));
    let mut pairs: Vec<(&Operation, &Operation)> = Vec::new();
    let mut gone: Vec<&Operation> = Vec::new();
    for operation in old.operations() {
        match news.get(&operation.identity()).and_then(|at| new.operations().get(*at)) {
            None => {
                difference.removed.push(operation.label());
                gone.push(operation);
            }
            Some(other) => {
                if old_words.of(operation) != new_words.of(other) {
                    difference.changed.push(other.label());
                    pairs.push((operation, other));
                }
            }
        }
    }
    let is_new = |operation: &&Operation| !olds.contains_key(&operation.identity());
    difference.added = new.operations().iter().filter(is_new).map(Operation::label).collect();
    difference.breaking = breaking::judge(old, new, &gone, &pairs, now);
    difference
}

/// Everything that is told of an operation, references followed: in one text, to be compared.
struct Words<'d> {
    description: &'d Description,
    /// What the things say that are referred to, and to what they refer in turn.
    known: HashMap<String, (String, BTreeSet<String>)>,
}

impl<'d> Words<'d> {
    fn new(description: &'d Description) -> Self {
        Self { description, known: HashMap::new() }
    }

    fn of(&mut self, operation: &Operation) -> Vec<String> {
        let mut open: BTreeSet<String> = BTreeSet::new();
        let mut words = Vec::new();
        let description = self.description;
        for at in [&operation.pointer, &operation.item] {
            let Some(found) = description.at(at) else { continue };
            // Of the path, only what is shared by its operations.
            let value = match at == &operation.item {
                true => found.value.get("parameters"),
                false => Some(found.value),
            };
            let Some(value) = value else { continue };
            words.push(value.to_string());
            references(value, &mut open);
        }
        for key in ["security", "servers"] {
            words.extend(description.value().get(key).map(Value::to_string));
        }
        let mut done: BTreeSet<String> = BTreeSet::new();
        while let Some(next) = open.pop_first() {
            if !done.insert(next.clone()) {
                continue;
            }
            let (text, further) = self.known.entry(next).or_insert_with_key(|at| {
                let mut further = BTreeSet::new();
                let value = description.value().pointer(at);
                if let Some(value) = value {
                    references(value, &mut further);
                }
                (value.map(|value| format!("{at} {value}")).unwrap_or_default(), further)
            });
            words.push(text.clone());
            open.extend(further.iter().filter(|at| !done.contains(*at)).cloned());
        }
        words
    }
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
