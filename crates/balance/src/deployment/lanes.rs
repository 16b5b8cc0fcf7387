//! Everything that is known of lanes, by name: what a reload finds again. Requests do not come
//! here, unless they name a model that no fleet was made for.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use architrave_core::{Moment, Parcel, ParcelReader};

use super::allowance::{Allowance, Debt};
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

/// What another process knows of lanes already, by what was put into parcels for it.
#[derive(Debug, Default)]
pub struct SentLanes {
    /// When that was, and when all was to be paid back.
    allowances: HashMap<String, (Moment, [Moment; 2])>,
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

/// By what a credential is found again: names have no line ends.
#[derive(Clone, Copy)]
struct CredentialKey<'a> {
    provider: &'a str,
    name: &'a str,
    fingerprint: u64,
}

/// By what a lane is found again.
struct LaneKey;

impl<'a> CredentialKey<'a> {
    fn write(self) -> String {
        let Self { provider, name, fingerprint } = self;
        format!("{provider}\n{name}\n{fingerprint}")
    }

    fn read(key: &'a str) -> Option<Self> {
        let mut parts = key.splitn(3, '\n');
        let (provider, name) = (parts.next()?, parts.next()?);
        Some(Self { provider, name, fingerprint: parts.next()?.parse().ok()? })
    }
}

impl LaneKey {
    fn write(credential: CredentialKey<'_>, model: &str) -> String {
        format!("{}\n{model}", credential.write())
    }

    fn read(key: &str) -> Option<(CredentialKey<'_>, &str)> {
        let (credential, model) = key.rsplit_once('\n')?;
        Some((CredentialKey::read(credential)?, model))
    }
}

impl Memory {
    fn provider(&mut self, name: &str) -> Arc<Provider> {
        self.providers.open(name.to_owned(), || Provider::new(name))
    }

    fn credential(&mut self, key: CredentialKey<'_>) -> Arc<Credential> {
        self.credentials.open(key.write(), || Credential::new(key.name))
    }

    fn lane(&mut self, credential: CredentialKey<'_>, model: &str) -> Arc<Lane> {
        let (whose, by) = (self.provider(credential.provider), self.credential(credential));
        self.lanes.open(LaneKey::write(credential, model), || Lane::new(whose, by, model))
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
        lock(&self.0).lane(CredentialKey { provider, name, fingerprint }, model)
    }

    /// What a deployment of the fleet `fleet` has used of its limits.
    pub(crate) fn allowance(&self, fleet: &str, provider: &str, model: &str) -> Arc<Allowance> {
        let key = format!("{fleet}\n{provider}\n{model}");
        lock(&self.0).allowances.open(key, Allowance::default)
    }

    /// Puts into a parcel what was learned of lanes, and what was used of deployments' limits beside
    /// what `sent` says that is known there already.
    pub fn pack(&self, sent: &mut SentLanes, now: Moment, parcel: &mut Parcel) {
        let memory = lock(&self.0);
        parcel.block(|parcel| {
            let known = memory.providers.0.iter().filter(|(_, provider)| provider.rests.has_any());
            for (name, provider) in known {
                parcel.block(|parcel| {
                    parcel.text(name);
                    provider.rests.pack(parcel);
                });
            }
        });
        parcel.block(|parcel| {
            let known = memory.credentials.0.iter().filter(|(_, it)| it.rests.has_any());
            for (name, credential) in known {
                parcel.block(|parcel| {
                    parcel.text(name);
                    credential.rests.pack(parcel);
                });
            }
        });
        parcel.block(|parcel| {
            for (name, lane) in memory.lanes.0.iter().filter(|(_, lane)| lane.is_known()) {
                parcel.block(|parcel| {
                    parcel.text(name);
                    lane.pack(parcel);
                });
            }
        });
        parcel.block(|parcel| {
            for (name, allowance) in &memory.allowances.0 {
                let paid = allowance.paid();
                let (then, before) = sent.allowances.get(name).copied().unwrap_or_default();
                let used = [0, 1].map(|at| Debt::since((before[at], then), paid[at], now));
                sent.allowances.insert(name.clone(), (now, paid));
                if used != [Debt::default(); 2] {
                    parcel.block(|parcel| {
                        parcel.text(name);
                        used.into_iter().for_each(|Debt(nanos)| parcel.i64(nanos));
                    });
                }
            }
        });
    }

    /// Goes on from what another process learned and used. Names that nobody here has asked for yet
    /// are remembered as well.
    pub fn unpack(&self, mut parcel: ParcelReader<'_>, now: Moment) {
        let mut memory = lock(&self.0);
        for mut block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            let Some(name) = block.text() else { continue };
            let _whole = memory.provider(name).rests.unpack(&mut block);
        }
        for mut block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            let Some(name) = block.text().and_then(CredentialKey::read) else { continue };
            let _whole = memory.credential(name).rests.unpack(&mut block);
        }
        for mut block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            let Some((credential, model)) = block.text().and_then(LaneKey::read) else { continue };
            let _whole = memory.lane(credential, model).unpack(&mut block);
        }
        for mut block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            let (Some(name), Some(requests), Some(tokens)) =
                (block.text(), block.i64(), block.i64())
            else {
                continue;
            };
            let allowance = memory.allowances.open(name.to_owned(), Allowance::default);
            allowance.charge([requests, tokens].map(Debt), now);
        }
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
