//! Providers and models put to work: where each deployment is reached, what is spoken there, what
//! it costs and how it fares. By identity the same objects as before wherever nothing changed.

mod figures;
mod lane;
mod offered;
mod own_upstream;
mod provider;
mod status;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

use architrave_balance::deployment::{CredentialSettings, DeploymentSettings, Fleet, Lanes, Place};
use architrave_config::{Deployment, Model, ModelRef, ModelStrategy, ProviderIndex, Snapshot};
use architrave_core::{HashKey, Moment};
use architrave_llm::catalog::{Catalog, Model as CatalogModel};
use architrave_telemetry::{DIRECT, FallbackMetrics, Metrics};
use smallvec::SmallVec;

pub(crate) use lane::{Known, LiveLane, secrets_of};
pub(crate) use offered::Offered;
pub(crate) use own_upstream::{BaseUrl, OwnUpstream};
pub(crate) use provider::{LiveProvider, Reach, Side, row_of};

use crate::assembly::{AssemblyError, LiveUpstream, Parts};

/// Providers and models of an assembly.
#[derive(Debug, Default)]
pub(crate) struct LiveModels {
    /// In the snapshot's order.
    pub providers: Vec<Arc<LiveProvider>>,
    /// In the snapshot's order.
    pub listed: Vec<Arc<LiveModel>>,
    /// What the catalogue knows the providers to have, in the snapshot's order.
    pub offered: Vec<Offered>,
    by_name: HashMap<Box<str>, Arc<LiveModel>, foldhash::fast::RandomState>,
    provider_by_name: HashMap<Box<str>, Arc<LiveProvider>, foldhash::fast::RandomState>,
    catalog: Arc<Catalog>,
    lanes: Arc<Lanes>,
    hash: HashKey,
    metrics: Option<Arc<Metrics>>,
}

/// A model as clients ask for it, and what serves it.
#[derive(Debug)]
pub(crate) struct LiveModel {
    /// Its name.
    pub name: Box<str>,
    /// The choice among its deployments.
    pub fleet: Fleet,
    /// What serves it: by deployment, and by credential within.
    deployments: Vec<Vec<LiveLane>>,
    /// The names of the models that serve when none of these does.
    pub fallbacks: Vec<Box<str>>,
    /// What answers for it, in a number: an answer that was kept under another is another model's.
    fingerprint: u64,
    /// Its name in metrics.
    counted_as: Box<str>,
    metrics: Arc<Metrics>,
    /// Where it is counted who stands in for it.
    fell_back: OnceLock<Arc<FallbackMetrics>>,
}

/// Whether a name that a client gives can be one of a model: it goes into fields and paths.
fn is_model_name(name: &str) -> bool {
    name.len() <= MODEL_NAME_BYTES_MAX && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The longest name of a model that clients may give.
const MODEL_NAME_BYTES_MAX: usize = 256;

impl LiveModels {
    /// Puts the providers and models of a snapshot to work.
    pub(crate) fn build(
        snapshot: &Snapshot,
        previous: Option<&Self>,
        upstreams: &[Arc<LiveUpstream>],
        (parts, now): (&Parts, Moment),
        errors: &mut Vec<AssemblyError>,
    ) -> Self {
        let mut models = Self {
            catalog: Arc::clone(&parts.catalog),
            lanes: Arc::clone(&parts.lanes),
            hash: parts.hash,
            metrics: Some(Arc::clone(&parts.metrics)),
            ..Self::default()
        };
        for config in &snapshot.providers {
            let name = config.name.as_str();
            let before = previous.and_then(|models| models.provider_by_name.get(name));
            let live = match before {
                Some(before) if before.is_current(config, upstreams, &parts.catalog, previous) => {
                    Arc::clone(before)
                }
                before => match LiveProvider::new(config, before, upstreams, (parts, now)) {
                    Ok(provider) => Arc::new(provider),
                    Err(error) => {
                        errors.push(error);
                        continue;
                    }
                },
            };
            models.provider_by_name.insert(name.into(), Arc::clone(&live));
            models.providers.push(live);
        }
        if errors.is_empty() {
            models.list(snapshot);
        }
        models
    }

    fn list(&mut self, snapshot: &Snapshot) {
        for config in &snapshot.models {
            let Some(model) = self.listed_model(snapshot, config).map(Arc::new) else { continue };
            self.by_name.insert(model.name.clone(), Arc::clone(&model));
            self.listed.push(model);
        }
        let offered = self.providers.iter().flat_map(|it| Offered::by(it, &self.catalog));
        self.offered = offered.collect();
    }

    /// The listed model of that name.
    pub(crate) fn listed(&self, name: &str) -> Option<&Arc<LiveModel>> {
        self.by_name.get(name)
    }

    /// The model of a name that is not listed: `provider/model`.
    pub(crate) fn direct(&self, name: &str) -> Option<Arc<LiveModel>> {
        let (provider, model) = name.split_once('/').filter(|_| is_model_name(name))?;
        let provider = self.provider_by_name.get(provider).filter(|_| !model.is_empty())?;
        let deployment = Written { provider, model, weight: 1, priority: 0, limits: None };
        let names = (name, DIRECT);
        self.model(names, ModelStrategy::Weighted, &[deployment], Vec::new()).map(Arc::new)
    }

    /// The upstreams that are providers' own, made of their base URLs.
    pub(crate) fn own_upstreams(&self) -> Vec<Arc<LiveUpstream>> {
        let mut all: Vec<Arc<LiveUpstream>> = Vec::new();
        for upstream in self.providers.iter().flat_map(|provider| provider.own_upstreams()) {
            if !all.iter().any(|known| Arc::ptr_eq(known, upstream)) {
                all.push(Arc::clone(upstream));
            }
        }
        all
    }

    fn provider(&self, index: ProviderIndex) -> &Arc<LiveProvider> {
        &self.providers[index.get()]
    }

    fn listed_model(&self, snapshot: &Snapshot, config: &Model) -> Option<LiveModel> {
        let deployments: Vec<_> = (config.deployments.iter())
            .map(|deployment| Written::of(deployment, self.provider(deployment.provider)))
            .collect();
        let fallbacks = config.fallbacks.iter().map(|it| name_of(snapshot, it)).collect();
        let name = config.name.as_str();
        self.model((name, name), config.strategy, &deployments, fallbacks)
    }

    fn model(
        &self,
        (name, counted_as): (&str, &str),
        strategy: ModelStrategy,
        written: &[Written<'_>],
        fallbacks: Vec<Box<str>>,
    ) -> Option<LiveModel> {
        let metrics = self.metrics.as_ref()?;
        let deployments: Vec<Vec<LiveLane>> = (written.iter())
            .map(|one| {
                LiveLane::along(one.provider, one.model, &self.catalog, (metrics, counted_as))
            })
            .collect();
        let settings: Vec<_> = (written.iter().zip(&deployments))
            .map(|(written, lanes)| written.settings(lanes, self.hash))
            .collect();
        let fleet = Fleet::new(name, strategy, &settings, &self.lanes);
        let served_by = written.iter().map(|one| {
            let provider = &one.provider.config;
            (provider.name.as_str(), provider.base_url.as_deref(), one.model)
        });
        let fingerprint = self.hash.hash_one(served_by.collect::<Vec<_>>());
        Some(LiveModel {
            name: name.into(),
            fleet,
            deployments,
            fallbacks,
            fingerprint,
            counted_as: counted_as.into(),
            metrics: Arc::clone(metrics),
            fell_back: OnceLock::new(),
        })
    }
}

impl LiveModel {
    /// The lane at a place that its fleet has chosen.
    pub(crate) fn lane(&self, place: Place) -> &LiveLane {
        &self.deployments[place.deployment][place.credential.unwrap_or(0)]
    }

    /// Counts that a request for it went on to another model.
    pub(crate) fn fell_back(&self, worker: usize, to: &Self) {
        let counts = self.fell_back.get_or_init(|| self.metrics.fallbacks(&self.counted_as));
        counts.fell_back(worker, &to.counted_as);
    }

    /// What answers for it, in a number: its providers, where they are, and the model there.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// How many deployments it has.
    pub(crate) fn deployment_count(&self) -> usize {
        self.deployments.len()
    }

    /// The deployments that lack something, by their place.
    pub(crate) fn deployments_without(&self, has: impl Fn(&LiveLane) -> bool) -> Vec<usize> {
        let lacks = |lanes: &Vec<LiveLane>| lanes.first().is_none_or(|lane| !has(lane));
        let deployments = self.deployments.iter().enumerate();
        deployments.filter(|(_, lanes)| lacks(lanes)).map(|(place, _)| place).collect()
    }

    /// All its lanes.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = &LiveLane> {
        self.deployments.iter().flatten()
    }

    /// Its lane at the same provider by the same credential as another model's.
    pub(crate) fn beside(&self, other: &LiveLane) -> Option<&LiveLane> {
        let name = |lane: &LiveLane| lane.credential().map(|credential| credential.name.clone());
        self.lanes().find(|lane| {
            lane.provider.config.name == other.provider.config.name && name(lane) == name(other)
        })
    }

    /// The same with the places by which its fleet knows them.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Place, &LiveLane)> {
        let deployments = self.deployments.iter().enumerate();
        deployments.flat_map(|(deployment, lanes)| {
            lanes.iter().enumerate().map(move |(credential, lane)| {
                let credential = lane.credential().map(|_| credential);
                (Place { deployment, credential }, lane)
            })
        })
    }

    /// What a request costs at each of its deployments, where that is known.
    pub(crate) fn prices_of(
        &self,
        cost: impl Fn(&CatalogModel) -> u64,
    ) -> SmallVec<[Option<u64>; 4]> {
        if self.fleet.strategy() != ModelStrategy::Cheapest {
            return SmallVec::new();
        }
        let first = self.deployments.iter().map(|lanes| lanes.first());
        first.map(|lane| lane?.known.priced().map(|row| cost(row))).collect()
    }
}

/// A deployment as it is written.
struct Written<'a> {
    provider: &'a Arc<LiveProvider>,
    model: &'a str,
    weight: u32,
    priority: u32,
    limits: Option<&'a architrave_config::DeploymentLimits>,
}

impl<'a> Written<'a> {
    fn of(deployment: &'a Deployment, provider: &'a Arc<LiveProvider>) -> Self {
        Self {
            provider,
            model: &deployment.model,
            weight: deployment.weight,
            priority: deployment.priority,
            limits: Some(&deployment.limits),
        }
    }

    fn settings(&self, lanes: &[LiveLane], hash: HashKey) -> DeploymentSettings<'a> {
        let credentials = self.provider.config.credentials.iter();
        DeploymentSettings {
            provider: self.provider.config.name.as_str(),
            model: self.model,
            weight: self.weight,
            priority: self.priority,
            limits: self.limits.cloned().unwrap_or_default(),
            context_tokens: lanes.first().and_then(|lane| lane.known.input_max),
            abilities: lanes.first().map_or(u32::MAX, |lane| lane.known.abilities()),
            credentials: credentials
                .map(|credential| CredentialSettings {
                    name: credential.name.as_str(),
                    weight: credential.weight,
                    fingerprint: lane::fingerprint(&credential.secret, hash),
                })
                .collect(),
        }
    }
}

fn name_of(snapshot: &Snapshot, model: &ModelRef) -> Box<str> {
    match model {
        ModelRef::Listed(index) => snapshot.models[index.get()].name.as_str().into(),
        ModelRef::Direct { provider, model } => {
            format!("{}/{model}", snapshot.providers[provider.get()].name).into()
        }
    }
}
