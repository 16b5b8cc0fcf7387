//! Everything that is known of lanes, by name: what a reload finds again. Requests do not come
//! here, unless they name a model that no fleet was made for.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use super::allowance::Allowance;
use super::credential::Credential;
use super::lane::Lane;
use super::provider::Provider;
use super::settings::CredentialSettings;
use crate::cohort::lock;

/// So many names of a kind are remembered. Clients may name models that nobody listed: beyond
/// this, those that nobody uses now are forgotten, and what comes is not remembered.
const NAMES_MAX: usize = 4096;

/// All lanes of the process. One, shared by every fleet that is made, across reloads.
#[derive(Debug, Default)]
pub struct Lanes(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    providers: Names<Provider>,
    credentials: Names<Credential>,
    lanes: Names<Lane>,
    allowances: Names<Allowance>,
    turns: Names<AtomicU64>,
}

/// Things of one kind by name.
#[derive(Debug)]
struct Names<T>(HashMap<String, Arc<T>>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Names<T> {
    /// The thing of this name, made when it is new.
    fn open(&mut self, name: String, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(known) = self.0.get(&name) {
            return Arc::clone(known);
        }
        let new = Arc::new(make());
        if self.0.len() >= NAMES_MAX {
            self.0.retain(|_, thing| Arc::strong_count(thing) > 1);
        }
        if self.0.len() < NAMES_MAX {
            self.0.insert(name, Arc::clone(&new));
        }
        new
    }
}

impl Lanes {
    /// A memory without lanes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lane to `model` of `provider`; without a credential, the one that has none.
    #[must_use]
    pub fn open(
        &self,
        provider: &str,
        model: &str,
        credential: Option<&CredentialSettings<'_>>,
    ) -> Arc<Lane> {
        let (name, fingerprint) = credential.map_or(("", 0), |it| (it.name, it.fingerprint));
        let mut memory = lock(&self.0);
        let make = || Provider::new(provider);
        let whose = memory.providers.open(provider.to_owned(), make);
        let make = || Credential::new(name);
        let by = memory.credentials.open(format!("{provider}\n{name}\n{fingerprint}"), make);
        let key = format!("{provider}\n{name}\n{fingerprint}\n{model}");
        memory.lanes.open(key, || Lane::new(whose, by, model))
    }

    /// What a deployment of the fleet `fleet` has used of its limits.
    pub(crate) fn allowance(&self, fleet: &str, provider: &str, model: &str) -> Arc<Allowance> {
        let key = format!("{fleet}\n{provider}\n{model}");
        lock(&self.0).allowances.open(key, Allowance::default)
    }

    /// Whose turn it is in the fleet `fleet`.
    pub(crate) fn turns(&self, fleet: &str) -> Arc<AtomicU64> {
        lock(&self.0).turns.open(fleet.to_owned(), AtomicU64::default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_the_same_lane() {
        let lanes = Lanes::new();
        let key = CredentialSettings { name: "main", weight: 1, fingerprint: 1 };
        let lane = lanes.open("openai", "gpt-4o", Some(&key));
        assert!(Arc::ptr_eq(&lane, &lanes.open("openai", "gpt-4o", Some(&key))));
        let others = [
            lanes.open("azure", "gpt-4o", Some(&key)),
            lanes.open("openai", "gpt-4.1", Some(&key)),
            lanes.open("openai", "gpt-4o", None),
        ];
        assert!(others.iter().all(|other| !Arc::ptr_eq(&lane, other)));
        assert!(Arc::ptr_eq(&lane.credential, &others[1].credential));
        assert!(Arc::ptr_eq(&lane.provider, &others[2].provider));
    }

    #[test]
    fn names_that_clients_make_up_do_not_fill_the_memory() {
        let lanes = Lanes::new();
        let kept = lanes.open("openai", "gpt-4o", None);
        for number in 0..3 * NAMES_MAX {
            let _ = lanes.open("openai", &format!("made-up-{number}"), None);
        }
        assert!(lock(&lanes.0).lanes.0.len() <= NAMES_MAX);
        assert!(Arc::ptr_eq(&kept, &lanes.open("openai", "gpt-4o", None)));
    }
}
