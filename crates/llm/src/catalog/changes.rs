//! What one catalogue has that another one has not, in numbers.

use std::collections::BTreeMap;

use super::Catalog;
use super::rows::Rows;

/// How a catalogue differs from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Rows of providers.
    pub providers: Counts,
    /// Rows of models.
    pub models: Counts,
}

/// How many rows are as they were, and how many are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Were not there.
    pub new: usize,
    /// Say something else.
    pub changed: usize,
    /// Are not there any more.
    pub removed: usize,
    /// Say the same.
    pub same: usize,
}

impl Catalog {
    /// How this catalogue differs from an earlier one.
    #[must_use]
    pub fn changes_since(&self, earlier: &Self) -> Changes {
        Changes {
            providers: count(&earlier.providers, &self.providers),
            models: count(&earlier.models, &self.models),
        }
    }
}

fn count(earlier: &Rows, later: &Rows) -> Counts {
    let mut before: BTreeMap<&str, &str> = earlier.all().collect();
    let mut counts = Counts::default();
    for (name, words) in later.all() {
        match before.remove(name) {
            None => counts.new += 1,
            Some(old) if old == words => counts.same += 1,
            Some(_) => counts.changed += 1,
        }
    }
    Counts { removed: before.len(), ..counts }
}
