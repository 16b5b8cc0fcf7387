//! How often guardrails found something: one count for each place in the file where one is
//! written, shared by all workers and written only when something is found.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What one guardrail found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    masked: AtomicU64,
    refused: AtomicU64,
}

/// What was found at one place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What the guardrail is written at, such as `routes/ai`; `policies` for everything.
    pub object: String,
    /// Places in texts that were masked.
    pub masked: u64,
    /// Requests and answers that were refused.
    pub refused: u64,
}

/// The counts of every guardrail by what it is written at; they live as long as some snapshot has
/// one there.
#[derive(Debug, Default)]
pub(crate) struct AllFindings(Mutex<BTreeMap<String, Weak<Findings>>>);

impl Findings {
    pub(super) fn add_masked(&self, count: usize) {
        self.masked.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn add_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
impl Findings {
    /// What was masked and what was refused.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.masked.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }
}

impl AllFindings {
    /// The counts of the guardrail at `identity`, such as `routes/ai/guardrail`.
    pub(crate) fn of(&self, identity: &str) -> Arc<Findings> {
        let object = identity.strip_suffix("/guardrail").unwrap_or(identity);
        let mut all = self.all();
        all.retain(|_, findings| findings.strong_count() > 0);
        if let Some(known) = all.get(object).and_then(Weak::upgrade) {
            return known;
        }
        let new = Arc::default();
        all.insert(object.to_owned(), Arc::downgrade(&new));
        new
    }

    /// All of them, as they stand now.
    pub(crate) fn counted(&self) -> Vec<Counted> {
        let all = self.all();
        let live = all.iter().filter_map(|(object, it)| Some((object, it.upgrade()?)));
        live.map(|(object, findings)| Counted {
            object: object.clone(),
            masked: findings.masked.load(Ordering::Relaxed),
            refused: findings.refused.load(Ordering::Relaxed),
        })
        .collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Weak<Findings>>> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
