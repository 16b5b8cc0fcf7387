//! Puts chains together from the policies of every level, once per snapshot.
//!
//! Each policy is built once and shared by all chains that it is part of, and combinations with
//! the same policies share one chain: ten thousand routes without policies cost one.

use std::collections::HashMap;
use std::sync::Arc;

use architrave_config::{
    ListenerIndex, PolicySet, RouteIndex, ServiceIndex, ServiceKind, Snapshot,
};

use crate::chain::Chain;
use crate::consumers::Consumers;
use crate::directory::Directory;
use crate::key_auth::KeyAuth;
use crate::offers::Offers;
use crate::phase::{Levels, Phase, TABLE};
use crate::rate_limit::RateLimiters;
use crate::registry::{self, Ground, Kind, Policy};

/// The policies of one object.
#[derive(Debug)]
pub(crate) struct Level(Box<[Arc<Policy>]>);

impl Level {
    /// Builds the policies of `object`, such as `routes/orders`; `None` when it has none.
    pub(crate) fn new(set: &PolicySet, object: &str, ground: Ground<'_>) -> Option<Self> {
        let policies = registry::build(set, object, ground);
        (!policies.is_empty()).then(|| Self(policies.into()))
    }

    /// The policy of a kind.
    pub(crate) fn get(&self, kind: Kind) -> Option<&Arc<Policy>> {
        self.0.iter().find(|policy| policy.kind() == kind)
    }

    /// All of them.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.0.iter()
    }

    fn has_any_of(&self, wanted: Phase) -> bool {
        TABLE.iter().any(|(kind, phase, _)| *phase == wanted && self.get(*kind).is_some())
    }
}

/// What decides which policies apply, and how they work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    /// The places of route, service and listener, where they have policies at all.
    places: [Option<u32>; 3],
    /// Whether it leads to models.
    is_of_models: bool,
    /// The service, where it is offered by plans.
    offered: Option<u32>,
}

/// Makes the chains of one snapshot.
#[derive(Debug)]
pub struct ChainBuilder {
    routes: Vec<Option<Level>>,
    services: Vec<Option<Level>>,
    /// Looks for the keys of consumers where nobody is asked for one.
    recognise: Arc<Policy>,
    /// Which services are of models.
    of_models: Vec<bool>,
    listeners: Vec<Option<Level>>,
    all: Option<Level>,
    consumers: Arc<Consumers>,
    /// Which services are over HTTP.
    of_http: Vec<bool>,
    /// Asks for keys where a service is offered by plans and no policy asks for any.
    ask_for_keys: Arc<Policy>,
    /// The same where a token beside the key is the service's.
    ask_beside_bearers: Arc<Policy>,
    /// The plans that open each service, in the order of the snapshot.
    offers: Vec<Option<Arc<Offers>>>,
    made: HashMap<Key, Arc<Chain>, foldhash::fast::RandomState>,
}

impl ChainBuilder {
    /// Builds every policy of a snapshot. `limiters` outlives snapshots: counters whose policy
    /// has not changed go on where they were. So does `directory`, who knows applications.
    #[must_use]
    pub fn new(snapshot: &Snapshot, limiters: &RateLimiters, directory: &Arc<Directory>) -> Self {
        limiters.begin(snapshot);
        let ground = Ground { limiters, directory };
        let level = |set: &PolicySet, kind: &str, name: &str| {
            if set.is_empty() { None } else { Level::new(set, &format!("{kind}/{name}"), ground) }
        };
        Self {
            routes: (snapshot.routes.iter())
                .map(|route| level(&route.policies, "routes", route.name.as_str()))
                .collect(),
            services: (snapshot.services.iter())
                .map(|service| level(&service.policies, "services", service.name.as_str()))
                .collect(),
            recognise: KeyAuth::anywhere(),
            of_models: (snapshot.services.iter())
                .map(|service| matches!(service.kind, ServiceKind::Llm(_)))
                .collect(),
            listeners: (snapshot.listeners.iter())
                .map(|listener| level(&listener.policies, "listeners", listener.name.as_str()))
                .collect(),
            all: Level::new(&snapshot.policies, "policies", ground),
            consumers: Arc::new(Consumers::new(snapshot, limiters, directory)),
            of_http: (snapshot.services.iter())
                .map(|service| matches!(service.kind, ServiceKind::Http { .. }))
                .collect(),
            ask_for_keys: KeyAuth::by_default(),
            ask_beside_bearers: KeyAuth::beside_bearers(),
            offers: Offers::of_all(snapshot, directory),
            made: HashMap::default(),
        }
    }

    /// The chain of a combination. Without route and service: for requests that no route matches.
    pub fn chain(
        &mut self,
        listener: ListenerIndex,
        route: Option<RouteIndex>,
        service: Option<ServiceIndex>,
    ) -> Arc<Chain> {
        let places = [
            present(&self.routes, route.map(|index| index.0)),
            present(&self.services, service.map(|index| index.0)),
            present(&self.listeners, Some(listener.0)),
        ];
        let is_of_models = service.is_some_and(|index| self.of_models[index.get()]);
        let is_offered = |place: &u32| self.offers[*place as usize].is_some();
        let offered = service.map(|index| index.0).filter(is_offered);
        let key = Key { places, is_of_models, offered };
        if let Some(chain) = self.made.get(&key) {
            return Arc::clone(chain);
        }
        let chain = Arc::new(self.assemble(key));
        self.made.insert(key, Arc::clone(&chain));
        chain
    }

    fn assemble(&self, key: Key) -> Chain {
        let [route, service, listener] = key.places;
        let levels: Vec<&Level> = [
            level_at(&self.routes, route),
            level_at(&self.services, service),
            level_at(&self.listeners, listener),
            self.all.as_ref(),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (mut before, mut identify, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, phase, rule) in TABLE {
            let part = match phase {
                Phase::Connection | Phase::Preflight => &mut before,
                Phase::Authenticate => &mut identify,
                _ => &mut after,
            };
            part.extend(chosen(&levels, *kind, *phase, *rule));
        }
        let of_http = key.offered.is_some_and(|place| self.of_http[place as usize]);
        let asks_for_keys = identify.iter().any(|policy| policy.kind() == Kind::KeyAuth);
        if key.offered.is_some() && !asks_for_keys {
            identify.insert(
                0,
                match key.is_of_models {
                    true => Arc::clone(&self.recognise),
                    false if of_http => Arc::clone(&self.ask_beside_bearers),
                    false => Arc::clone(&self.ask_for_keys),
                },
            );
        }
        if key.is_of_models {
            identify = identify.into_iter().map(as_of_models).collect();
        }
        let response = (before.iter().chain(&after))
            .filter(|policy| policy.is_response_policy())
            .cloned()
            .collect();
        let metadata = identify.iter().find_map(|policy| match &**policy {
            Policy::Jwt(jwt) => jwt.metadata().cloned(),
            _ => None,
        });
        Chain {
            metadata,
            before: before.into(),
            identify: identify.into(),
            after: after.into(),
            response,
            recognise: key.is_of_models.then(|| Arc::clone(&self.recognise)),
            consumers: Arc::clone(&self.consumers),
            offers: key.offered.and_then(|place| self.offers[place as usize].clone()),
        }
    }
}

/// The policies of one kind that count, of `levels` from the most specific on.
fn chosen(levels: &[&Level], kind: Kind, phase: Phase, rule: Levels) -> Vec<Arc<Policy>> {
    let mut of_kind = levels.iter().filter_map(|level| level.get(kind));
    match rule {
        // The narrowest limit counts first: what it refuses does not use up the wider ones.
        Levels::Every => of_kind.cloned().collect(),
        Levels::MostSpecific => of_kind.next().cloned().into_iter().collect(),
        Levels::OneObject => {
            let object = levels.iter().find(|level| level.has_any_of(phase));
            object.and_then(|level| level.get(kind)).cloned().into_iter().collect()
        }
    }
}

/// A policy as it works on services of models.
fn as_of_models(policy: Arc<Policy>) -> Arc<Policy> {
    match &*policy {
        Policy::KeyAuth(key_auth) => key_auth.of_models().map(Arc::clone).unwrap_or(policy),
        Policy::Jwt(jwt) => jwt.of_models().map_or(policy, |jwt| Arc::new(Policy::Jwt(jwt))),
        _ => policy,
    }
}

fn present(levels: &[Option<Level>], place: Option<u32>) -> Option<u32> {
    place.filter(|place| level_at(levels, Some(*place)).is_some())
}

fn level_at(levels: &[Option<Level>], place: Option<u32>) -> Option<&Level> {
    levels.get(place? as usize)?.as_ref()
}
