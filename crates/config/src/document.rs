//! The document as a whole: its top-level keys, and the rules between objects of different kinds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use architrave_core::Secret;

use crate::application::{ApplicationWritten, SubscriptionWritten};
use crate::consumer::ConsumerWritten;
use crate::identity_provider::IdentityProviderWritten;
use crate::install::Telemetry;
use crate::listener::ListenerWritten;
use crate::mcp_server::McpServerWritten;
use crate::model::ModelWritten;
use crate::plan::PlanWritten;
use crate::product::ProductWritten;
use crate::provider::ProviderWritten;
use crate::read::{List, Reader, Scope, Shape, Written, empty, record};
use crate::route::RouteWritten;
use crate::service::ServiceWritten;
use crate::snapshot::ServiceIndex;
use crate::team::TeamWritten;
use crate::tree::{Entry, Node};
use crate::upstream::UpstreamWritten;
use crate::{
    Admin, Application, Consumer, ConsumerCredential, IdentityProvider, Keys, Listener,
    ListenerProtocol, McpServer, Model, ModelRef, Plan, PlanOperation, PolicySet, Portal, Product,
    Provider, Route, SendProxyProtocol, Service, Snapshot, Subscription, Team, Upstream,
};

record! {
    /// The gateway file.
    #[derive(Debug)]
    pub(crate) struct Document => Snapshot by finish {
        /// The version of this format: 1.
        "version": FormatVersion => version: u32,
        /// Where connections are accepted.
        "listeners": List<ListenerWritten> = Vec::new() => listeners: Vec<Listener>,
        /// What traffic is balanced over.
        "upstreams": List<UpstreamWritten> = Vec::new() => upstreams: Vec<Upstream>,
        /// What routes lead to.
        "services": List<ServiceWritten> = Vec::new() => services: Vec<Service>,
        /// Which requests go where.
        "routes": List<RouteWritten> = Vec::new() => routes: Vec<Route>,
        /// Who may call.
        "consumers": List<ConsumerWritten> = Vec::new() => consumers: Vec<Consumer>,
        /// Where models come from.
        "providers": List<ProviderWritten> = Vec::new() => providers: Vec<Provider>,
        /// What clients ask for.
        "models": List<ModelWritten> = Vec::new() => models: Vec<Model>,
        /// Where tools come from.
        "mcp_servers": List<McpServerWritten> = Vec::new() => mcp_servers: Vec<McpServer>,
        /// Whose word it is who signs in, beside passwords.
        "identity_providers": List<IdentityProviderWritten> = Vec::new()
            => identity_providers: Vec<IdentityProvider>,
        /// Those who own services and applications, and what they may use up.
        "teams": List<TeamWritten> = Vec::new() => teams: Vec<Team>,
        /// What is offered together.
        "products": List<ProductWritten> = Vec::new() => products: Vec<Product>,
        /// On what terms.
        "plans": List<PlanWritten> = Vec::new() => plans: Vec<Plan>,
        /// Who calls by subscriptions.
        "applications": List<ApplicationWritten> = Vec::new() => applications: Vec<Application>,
        /// Which application may use which plan.
        "subscriptions": List<SubscriptionWritten> = Vec::new() => subscriptions: Vec<Subscription>,
        /// Policies for every exchange.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
        /// The admin listener; without it there is none.
        "admin": Option<Admin> = None => admin: Option<Admin>,
        /// The portal listener; without it there is none.
        "portal": Option<Portal> = None => portal: Option<Portal>,
        /// Where the root key comes from.
        "keys": Keys = Keys::default() => keys: Keys,
        /// What the gateway says about its work.
        "telemetry": Telemetry = empty::<Telemetry>() => telemetry: Telemetry,
    }
}

impl Document {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Snapshot> {
        debug_assert_eq!(self.version, FORMAT_VERSION);
        if scope.count("listeners") == self.listeners.len() {
            self.check_addresses(scope);
        }
        let are_callers_whole = scope.count("consumers") == self.consumers.len()
            && scope.count("applications") == self.applications.len();
        if are_callers_whole {
            self.check_callers(scope);
            self.check_credentials(scope);
        }
        let are_offers_whole = scope.count("products") == self.products.len()
            && scope.count("plans") == self.plans.len();
        if are_offers_whole {
            self.check_plans(scope);
        }
        if scope.count("subscriptions") == self.subscriptions.len() {
            self.check_subscriptions(scope);
        }
        let is_whole = scope.count("listeners") == self.listeners.len()
            && scope.count("upstreams") == self.upstreams.len();
        if is_whole {
            self.check_datagrams(scope);
        }
        if scope.count("models") == self.models.len() {
            self.check_fallbacks(scope);
        }
        if scope.count("services") == self.services.len() {
            self.check_versions(scope);
        }
        Some(Snapshot {
            listeners: self.listeners.into_iter().map(Arc::new).collect(),
            upstreams: self.upstreams.into_iter().map(Arc::new).collect(),
            services: self.services.into_iter().map(Arc::new).collect(),
            routes: self.routes.into_iter().map(Arc::new).collect(),
            consumers: self.consumers.into_iter().map(Arc::new).collect(),
            providers: self.providers.into_iter().map(Arc::new).collect(),
            models: self.models.into_iter().map(Arc::new).collect(),
            mcp_servers: self.mcp_servers.into_iter().map(Arc::new).collect(),
            identity_providers: self.identity_providers.into_iter().map(Arc::new).collect(),
            teams: self.teams.into_iter().map(Arc::new).collect(),
            products: self.products.into_iter().map(Arc::new).collect(),
            plans: self.plans.into_iter().map(Arc::new).collect(),
            applications: self.applications.into_iter().map(Arc::new).collect(),
            subscriptions: self.subscriptions,
            policies: self.policies.into(),
            admin: self.admin,
            portal: self.portal,
            keys: self.keys,
            access_log: self.telemetry.access_log.to,
            access_log_format: self.telemetry.access_log.format,
            usage: self.telemetry.usage,
        })
    }

    /// Two listeners cannot have the same port at the same address, nor one the admin listener's.
    fn check_addresses(&self, scope: &mut Scope<'_, '_, '_>) {
        let mut taken: Vec<&Listener> = Vec::with_capacity(self.listeners.len());
        let items = scope.node.get("listeners").map_or(&[][..], |list| list.items());
        for (listener, item) in self.listeners.iter().zip(items) {
            if let Some(other) = taken.iter().find(|other| collide(listener, other)) {
                let place = item.get("address").map_or(item.place, |address| address.place);
                let message = format!("the listener `{}` already has this address", other.name);
                scope.reader.refuse(place, message);
            }
            taken.push(listener);
        }
        let own = [
            ("admin", self.admin.as_ref().map(|admin| admin.address)),
            ("portal", self.portal.as_ref().map(|portal| portal.address)),
        ];
        for (key, taken) in own {
            let Some(taken) = taken.filter(|taken| taken.port() != 0) else { continue };
            let is_at = |listener: &Listener| {
                !is_udp(listener)
                    && listener.ports.contains(&taken.port())
                    && same_ip(listener.ip, taken.ip())
            };
            let address = scope.node.get(key).and_then(|own| own.get("address"));
            let at = self.listeners.iter().position(is_at);
            let (Some(address), Some(at)) = (address, at) else { continue };
            // Told of whichever comes later; a listener of the database comes after any file.
            let listener =
                items[at].get("address").map_or(items[at].place, |address| address.place);
            if listener > address.place {
                let message = format!("the {key} listener already has this address");
                scope.reader.refuse(listener, message);
            } else {
                let name = &self.listeners[at].name;
                let message = format!("the listener `{name}` already has this address");
                scope.reader.refuse(address.place, message);
            }
        }
        let [(_, admin), (_, portal)] = own;
        if let (Some(admin), Some(portal)) = (admin, portal)
            && portal.port() != 0
            && admin.port() == portal.port()
            && same_ip(admin.ip(), portal.ip())
        {
            let address = scope.node.get("portal").and_then(|portal| portal.get("address"));
            let place = address.map_or(scope.node.place, |address| address.place);
            scope.reader.refuse(place, "the admin listener already has this address");
        }
    }

    /// Datagrams carry neither TLS nor a PROXY header, so an upstream that is to be sent either
    /// cannot take them.
    fn check_datagrams(&self, scope: &mut Scope<'_, '_, '_>) {
        let items = scope.node.get("listeners").map_or(&[][..], |list| list.items());
        for (listener, item) in self.listeners.iter().zip(items) {
            let ListenerProtocol::Udp(rules) = &listener.protocol else { continue };
            let nodes = item.get("forward").map_or(&[][..], |list| list.items());
            for (rule, node) in rules.iter().zip(nodes) {
                let Some(upstream) = self.upstreams.get(rule.upstream.get()) else { continue };
                let key = if upstream.tls.is_some() {
                    "tls"
                } else if upstream.send_proxy_protocol != SendProxyProtocol::Off {
                    "send_proxy_protocol"
                } else {
                    continue;
                };
                let place = node.get("upstream").map_or(node.place, |name| name.place);
                let message =
                    format!("`{}` has `{key}`, which datagrams cannot carry", upstream.name);
                scope.reader.refuse(place, message);
            }
        }
    }

    /// A model that falls back to itself, by others or not, would be asked again for what it has
    /// just failed to do.
    fn check_fallbacks(&self, scope: &mut Scope<'_, '_, '_>) {
        let items = scope.node.get("models").map_or(&[][..], |list| list.items());
        for cycle in fallback_cycles(&self.models) {
            let names = cycle.models.iter().chain(cycle.models.first());
            let names: Vec<&str> = names.map(|at| self.models[*at].name.as_str()).collect();
            let [.., closing, _] = &names[..] else { continue };
            let last = cycle.models[cycle.models.len() - 1];
            let fallbacks = items[last].get("fallbacks").map_or(&[][..], |list| list.items());
            let is_whole = fallbacks.len() == self.models[last].fallbacks.len();
            let Some(node) = fallbacks.get(cycle.fallback).filter(|_| is_whole) else { continue };
            let message = match &names[..] {
                [_, _] => String::from("a model cannot fall back to itself"),
                _ => format!("`{closing}` would fall back to itself: {}", names.join(" → ")),
            };
            scope.reader.refuse(node.place, message);
        }
    }

    /// All versions of a service name the same one, which names none, and have unlike labels.
    fn check_versions(&self, scope: &mut Scope<'_, '_, '_>) {
        let items = scope.node.get("services").map_or(&[][..], |list| list.items());
        let mut known: HashMap<(usize, &str), &str> = HashMap::new();
        for (at, service) in self.services.iter().enumerate() {
            let Some(version) = &service.version else { continue };
            let base = version.of.map_or(at, |of| of.get());
            let place = |key: &str| items[at].get(key).map_or(items[at].place, |node| node.place);
            if version.of.is_some() {
                let named = self.services.get(base).and_then(|base| base.version.as_ref());
                if base == at || named.is_some_and(|named| named.of.is_some()) {
                    let message = "is itself a version of another: name that one";
                    scope.reader.refuse(place("version_of"), message);
                    continue;
                }
            }
            if let Some(other) = known.insert((base, version.label.as_str()), service.name.as_str())
            {
                let message = format!("`{other}` is version {} already", version.label);
                scope.reader.refuse(place("version"), message);
            }
        }
    }

    /// Whoever calls is known by one name: in limits, in logs, to services.
    fn check_callers(&self, scope: &mut Scope<'_, '_, '_>) {
        let consumers: HashSet<&str> = self.consumers.iter().map(|it| it.name.as_str()).collect();
        let items = scope.node.get("applications").map_or(&[][..], |list| list.items());
        for (application, item) in self.applications.iter().zip(items) {
            if consumers.contains(application.name.as_str()) {
                let place = item.get("name").map_or(item.place, |name| name.place);
                let message = format!("a consumer is already named `{}`", application.name);
                scope.reader.refuse(place, message);
            }
        }
    }

    /// What a plan opens is what its product bundles.
    fn check_plans(&self, scope: &mut Scope<'_, '_, '_>) {
        let items = scope.node.get("plans").map_or(&[][..], |list| list.items());
        for (plan, item) in self.plans.iter().zip(items) {
            let Some(product) = self.products.get(plan.product.get()) else { continue };
            let entries = item.get("operations").map_or(&[][..], |map| map.entries());
            if entries.len() != plan.operations.len() {
                continue;
            }
            for ((service, _), entry) in plan.operations.iter().zip(entries) {
                if !product.services.contains(service) {
                    let message = format!(
                        "{} is not one of the services of product `{}`",
                        entry.key.described(),
                        product.name
                    );
                    scope.reader.refuse(entry.key.place, message);
                }
            }
            self.check_operations(&plan.operations, entries, scope);
        }
    }

    /// An operation that a plan opens by its id is one that the service's description has.
    fn check_operations(
        &self,
        operations: &[(ServiceIndex, Vec<PlanOperation>)],
        entries: &[Entry<'_>],
        scope: &mut Scope<'_, '_, '_>,
    ) {
        for ((service, operations), entry) in operations.iter().zip(entries) {
            let Some(service) = self.services.get(service.get()) else { continue };
            let items = entry.value.items();
            if items.len() != operations.len() {
                continue;
            }
            for (operation, item) in operations.iter().zip(items) {
                let (PlanOperation::OfApi(id), Some(node)) = (operation, item.get("operation_id"))
                else {
                    continue;
                };
                let Some(api) = &service.api else {
                    let name = &service.name;
                    let message = format!("the service `{name}` has no `api` whose ids these are");
                    scope.reader.refuse(node.place, message);
                    continue;
                };
                let labels = || api.0.operations().iter().map(|one| &*one.label);
                if !labels().any(|label| label == id) {
                    let name = &service.name;
                    let message = format!(
                        "the description of `{name}` has no operation {}",
                        node.described()
                    );
                    scope.reader.refuse_word(node, message, labels());
                }
            }
        }
    }

    /// An application subscribes to a plan once.
    fn check_subscriptions(&self, scope: &mut Scope<'_, '_, '_>) {
        let items = scope.node.get("subscriptions").map_or(&[][..], |list| list.items());
        let mut known = HashSet::new();
        for (subscription, item) in self.subscriptions.iter().zip(items) {
            let is_new = known.insert((subscription.application, subscription.plan));
            if !is_new {
                let message = "the same application has a subscription to the same plan already";
                scope.reader.refuse(item.place, message);
            }
        }
    }

    /// A credential must say who calls: two consumers or applications cannot have the same.
    fn check_credentials(&self, scope: &mut Scope<'_, '_, '_>) {
        let mut owners: HashMap<(&str, &str), &str> = HashMap::new();
        // A digest and the key that it is of are the same credential, however each is written.
        let mut digests: HashMap<[u8; 32], (&str, &str)> = HashMap::new();
        let items = scope.node.get("consumers").map_or(&[][..], |list| list.items());
        for (consumer, item) in self.consumers.iter().zip(items) {
            let written = item.get("credentials").map_or(&[][..], |list| list.items());
            for (credential, node) in consumer.credentials.iter().zip(written) {
                let (key, word) = match credential {
                    ConsumerCredential::ApiKey(key) => {
                        digests.insert(digest_of(key), ("consumer", consumer.name.as_str()));
                        (("api_key", exposed(key)), "api key")
                    }
                    ConsumerCredential::Basic { username, .. } => {
                        (("basic", username.as_str()), "username")
                    }
                };
                if let Some(owner) = owners.insert(key, consumer.name.as_str()) {
                    let message = format!("the consumer `{owner}` already has this {word}");
                    scope.reader.refuse(node.place, message);
                }
            }
        }
        let mut applications: HashMap<&str, &str> = HashMap::new();
        let items = scope.node.get("applications").map_or(&[][..], |list| list.items());
        for (application, item) in self.applications.iter().zip(items) {
            let written = item.get("credentials").map_or(&[][..], |list| list.items());
            let written = written.iter().filter(|node| node.get("api_key").is_some());
            for (key, node) in application.api_keys.iter().zip(written) {
                let of_consumer = owners.get(&("api_key", exposed(key)));
                let of_other = applications.insert(exposed(key), application.name.as_str());
                let named = ("application", application.name.as_str());
                digests.entry(digest_of(key)).or_insert(named);
                let owner = (of_consumer.map(|name| ("consumer", name)))
                    .or(of_other.as_ref().map(|name| ("application", name)));
                if let Some((word, owner)) = owner {
                    let message = format!("the {word} `{owner}` already has this api key");
                    scope.reader.refuse(node.place, message);
                }
            }
        }
        for (application, item) in self.applications.iter().zip(items) {
            let written = item.get("credentials").map_or(&[][..], |list| list.items());
            let written = written.iter().filter(|node| node.get("api_key_hash").is_some());
            for (hash, node) in application.key_hashes.iter().zip(written) {
                let named = ("application", application.name.as_str());
                if let Some((word, owner)) = digests.insert(hash.digest, named) {
                    let message = format!("the {word} `{owner}` already has this api key");
                    scope.reader.refuse(node.place, message);
                }
            }
        }
    }
}

/// The digest that a key is known by.
fn digest_of(key: &Secret) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, exposed(key).as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// The version of the format that is read here; later ones convert from it.
const FORMAT_VERSION: u32 = 1;

/// The version that the file is written in.
struct FormatVersion;

impl Written for FormatVersion {
    type Value = u32;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u32> {
        let known = node.text() == Some("1");
        if !known {
            reader.refuse_type(node, "`1`, the version of this format");
        }
        known.then_some(FORMAT_VERSION)
    }

    fn shape() -> Shape {
        Shape::Integer { min: 1, max: 1 }
    }
}

/// Models that fall back to one another, and which fallback of the last leads to the first.
struct Cycle {
    models: Vec<usize>,
    fallback: usize,
}

/// Every fallback that closes a cycle, as found by walking each model once, in depth.
fn fallback_cycles(models: &[Model]) -> Vec<Cycle> {
    let mut cycles = Vec::new();
    let mut is_done = vec![false; models.len()];
    // The way to the model that is looked at, each with how many of its fallbacks were followed.
    let mut way: Vec<(usize, usize)> = Vec::new();
    for start in 0..models.len() {
        if !is_done[start] {
            way.push((start, 0));
        }
        while let Some((at, followed)) = way.last_mut() {
            let (at, fallback) = (*at, *followed);
            *followed += 1;
            match models[at].fallbacks.get(fallback) {
                None => {
                    is_done[at] = true;
                    way.pop();
                }
                Some(ModelRef::Direct { .. }) => {}
                Some(ModelRef::Listed(next)) => {
                    let next = next.get();
                    match way.iter().position(|(earlier, _)| *earlier == next) {
                        Some(first) => {
                            let models = way[first..].iter().map(|(at, _)| *at).collect();
                            cycles.push(Cycle { models, fallback });
                        }
                        None if is_done[next] => {}
                        None => way.push((next, 0)),
                    }
                }
            }
        }
    }
    cycles
}

/// To compare keys with one another at load time; nothing is sent or printed.
fn exposed(key: &Secret) -> &str {
    key.expose()
}

fn collide(one: &Listener, other: &Listener) -> bool {
    let overlap = one.ports.start() <= other.ports.end() && other.ports.start() <= one.ports.end();
    // Port 0 is a different one each time.
    let asked = *one.ports.start() != 0 && *other.ports.start() != 0;
    overlap && asked && is_udp(one) == is_udp(other) && same_ip(one.ip, other.ip)
}

fn is_udp(listener: &Listener) -> bool {
    matches!(listener.protocol, ListenerProtocol::Udp(_))
}

/// A wildcard takes every address of its family.
fn same_ip(one: std::net::IpAddr, other: std::net::IpAddr) -> bool {
    let wild = one.is_unspecified() || other.is_unspecified();
    one == other || (wild && one.is_ipv4() == other.is_ipv4())
}
