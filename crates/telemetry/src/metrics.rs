//! The registry: which objects are counted, by name, and one pass over all of them per scrape.
//!
//! Workers never look anything up here: the request path asks once, when a snapshot is put
//! together, and keeps the handles. A handle of an object that is gone still counts, unseen.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use architrave_config::Snapshot;
use architrave_core::metric::Metric;
use architrave_core::name::{ConsumerName, ListenerName, McpServerName, RouteName, UpstreamName};

use crate::sample::{Format, SampleSink};

mod by_label;
pub mod consumer;
pub mod endpoint;
pub mod fallback;
pub mod gateway;
pub mod listener;
pub mod mcp_server;
pub mod model;
mod process;
pub mod route;
pub mod upstream;
pub mod worker;

use consumer::ConsumerMetrics;
use endpoint::EndpointMetrics;
use fallback::FallbackMetrics;
use gateway::GatewayMetrics;
use listener::ListenerMetrics;
use mcp_server::McpServerMetrics;
use model::{DIRECT, ModelLabels, ModelMetrics};
use process::ProcessMetrics;
use route::{RouteMetrics, Rows};
use upstream::UpstreamMetrics;
use worker::WorkerMetrics;

/// Something that adds samples to every scrape, such as the gauges of another crate.
pub type SampleSource = Box<dyn Fn(&mut SampleSink) + Send + Sync>;

pub use by_label::OTHERS;

/// The label of exchanges that no route took; no route can have this name.
pub const UNROUTED: &str = "(none)";

/// Every counter of the process.
pub struct Metrics {
    workers: usize,
    gateway: GatewayMetrics,
    worker: WorkerMetrics,
    process: ProcessMetrics,
    unrouted: RouteMetrics,
    route_rows: Mutex<Rows>,
    objects: Mutex<Objects>,
    sources: Mutex<Vec<Arc<SampleSource>>>,
}

/// What has series of its own; clones count in the same place. Sorted, so that two scrapes list
/// them in the same order.
#[derive(Clone, Default)]
struct Objects {
    routes: BTreeMap<RouteName, RouteMetrics>,
    listeners: BTreeMap<ListenerName, Arc<ListenerMetrics>>,
    upstreams: BTreeMap<UpstreamName, Arc<UpstreamMetrics>>,
    endpoints: BTreeMap<UpstreamName, BTreeMap<SocketAddr, Arc<EndpointMetrics>>>,
    models: BTreeMap<ModelLabels, Arc<ModelMetrics>>,
    fallbacks: BTreeMap<String, Arc<FallbackMetrics>>,
    mcp_servers: BTreeMap<McpServerName, Arc<McpServerMetrics>>,
    consumers: BTreeMap<ConsumerName, Arc<ConsumerMetrics>>,
}

impl Metrics {
    /// A registry for `workers` writers, numbered from 0.
    #[must_use]
    pub fn new(workers: usize) -> Arc<Self> {
        let mut route_rows = Rows::new(workers);
        Arc::new(Self {
            workers,
            gateway: GatewayMetrics::default(),
            worker: WorkerMetrics::new(workers),
            process: ProcessMetrics::default(),
            unrouted: route_rows.take(),
            route_rows: Mutex::new(route_rows),
            objects: Mutex::default(),
            sources: Mutex::default(),
        })
    }

    /// The counters of a route, the same for every snapshot that has it.
    #[must_use]
    pub fn route(&self, name: &RouteName) -> RouteMetrics {
        let take = || self.route_rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.objects().routes.entry(name.clone()).or_insert_with(take).clone()
    }

    /// The counters of exchanges that no route took.
    #[must_use]
    pub fn unrouted(&self) -> RouteMetrics {
        self.unrouted.clone()
    }

    /// The counters of a listener.
    #[must_use]
    pub fn listener(&self, name: &ListenerName) -> Arc<ListenerMetrics> {
        let mut objects = self.objects();
        let slot = objects.listeners.entry(name.clone());
        Arc::clone(slot.or_insert_with(|| Arc::new(ListenerMetrics::new(self.workers))))
    }

    /// The counters of an upstream.
    #[must_use]
    pub fn upstream(&self, name: &UpstreamName) -> Arc<UpstreamMetrics> {
        let mut objects = self.objects();
        let slot = objects.upstreams.entry(name.clone());
        Arc::clone(slot.or_insert_with(|| Arc::new(UpstreamMetrics::new(self.workers))))
    }

    /// The counters of an endpoint.
    #[must_use]
    pub fn endpoint(&self, upstream: &UpstreamName, address: SocketAddr) -> Arc<EndpointMetrics> {
        let mut objects = self.objects();
        let slot = objects.endpoints.entry(upstream.clone()).or_default().entry(address);
        Arc::clone(slot.or_insert_with(|| Arc::new(EndpointMetrics::new(self.workers))))
    }

    /// The counters of a model at a provider. Labels are names of the file, so they are bounded.
    #[must_use]
    pub fn model(&self, labels: ModelLabels) -> Arc<ModelMetrics> {
        let mut objects = self.objects();
        if let Some(known) = objects.models.get(&labels) {
            return Arc::clone(known);
        }
        let new = Arc::new(ModelMetrics::new(labels.clone(), self.workers));
        objects.models.insert(labels, Arc::clone(&new));
        new
    }

    /// The counters of what is asked in place of a model; its name is a label of its own counters.
    #[must_use]
    pub fn fallbacks(&self, model: &str) -> Arc<FallbackMetrics> {
        let mut objects = self.objects();
        let slot = objects.fallbacks.entry(model.to_owned());
        Arc::clone(slot.or_insert_with(|| Arc::new(FallbackMetrics::new(self.workers))))
    }

    /// The counters of an MCP server.
    #[must_use]
    pub fn mcp_server(&self, name: &McpServerName) -> Arc<McpServerMetrics> {
        let mut objects = self.objects();
        let slot = objects.mcp_servers.entry(name.clone());
        Arc::clone(slot.or_insert_with(|| Arc::new(McpServerMetrics::new(self.workers))))
    }

    /// The counters of a consumer.
    #[must_use]
    pub fn consumer(&self, name: &ConsumerName) -> Arc<ConsumerMetrics> {
        let mut objects = self.objects();
        let slot = objects.consumers.entry(name.clone());
        Arc::clone(slot.or_insert_with(|| Arc::new(ConsumerMetrics::new(self.workers))))
    }

    /// The counters of the process as a whole.
    #[must_use]
    pub fn gateway(&self) -> &GatewayMetrics {
        &self.gateway
    }

    /// What workers measure of themselves. A scrape has it from who knows their clock; see
    /// [`Metrics::add_source`].
    #[must_use]
    pub fn workers(&self) -> &WorkerMetrics {
        &self.worker
    }

    /// Adds a source that every scrape asks, for as long as the process lives.
    pub fn add_source(&self, source: SampleSource) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(source));
    }

    /// After a reload: forgets the series of objects that `snapshot` no longer has.
    pub fn retain(&self, snapshot: &Snapshot) {
        let routes: HashSet<_> = snapshot.routes.iter().map(|route| &route.name).collect();
        let listeners: HashSet<_> = snapshot.listeners.iter().map(|one| &one.name).collect();
        let upstreams: HashSet<_> = snapshot.upstreams.iter().map(|one| &one.name).collect();
        let mut objects = self.objects();
        objects.routes.retain(|name, _| routes.contains(name));
        objects.listeners.retain(|name, _| listeners.contains(name));
        let providers: HashSet<_> = snapshot.providers.iter().map(|it| it.name.as_str()).collect();
        let servers: HashSet<_> = snapshot.mcp_servers.iter().map(|it| it.name.as_str()).collect();
        objects.mcp_servers.retain(|name, _| servers.contains(name.as_str()));
        // A provider's own upstreams are called `provider@host`, those of an MCP server
        // `mcp/server@host`.
        let is_own = |name: &UpstreamName| {
            let owner = name.as_str().split_once('@').map(|(owner, _)| owner);
            owner.is_some_and(|owner| match owner.strip_prefix("mcp/") {
                Some(server) => servers.contains(server),
                None => providers.contains(owner),
            })
        };
        objects.upstreams.retain(|name, _| upstreams.contains(name) || is_own(name));
        objects.endpoints.retain(|name, _| upstreams.contains(name) || is_own(name));
        objects.models.retain(|labels, _| providers.contains(labels.provider.as_str()));
        let models: HashSet<_> = snapshot.models.iter().map(|it| it.name.as_str()).collect();
        objects.fallbacks.retain(|name, _| name == DIRECT || models.contains(name.as_str()));
        let consumers: HashSet<_> = snapshot.consumers.iter().map(|it| &it.name).collect();
        objects.consumers.retain(|name, _| consumers.contains(name));
    }

    /// After a change of an upstream's endpoints: forgets the series of those not in `live`.
    /// Without this call, addresses that DNS once gave would pile up.
    pub fn retain_endpoints(&self, upstream: &UpstreamName, live: &HashSet<SocketAddr>) {
        if let Some(endpoints) = self.objects().endpoints.get_mut(upstream) {
            endpoints.retain(|address, counters| {
                let is_live = live.contains(address);
                if !is_live {
                    counters.forget();
                }
                is_live
            });
        }
    }

    /// Appends a scrape as Prometheus text.
    pub fn encode(&self, out: &mut String) {
        self.encode_as(Format::Prometheus, out);
    }

    /// Appends a scrape in the dialect asked for. Takes milliseconds when thousands of routes
    /// have been hit, so it belongs on the control runtime.
    pub fn encode_as(&self, format: Format, out: &mut String) {
        let mut sink = SampleSink::new();
        sink.count(Metric::Workers, &[], self.workers as u64);
        self.gateway.sample(&mut sink);
        self.process.sample(&mut sink);
        self.sample_objects(&mut sink);
        // Sources take locks of their own, so none of ours is held while they run.
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for source in sources {
            source(&mut sink);
        }
        sink.print(format, out);
    }

    fn sample_objects(&self, sink: &mut SampleSink) {
        self.unrouted.sample(UNROUTED, sink);
        // Workers look up what they count in here: they must not wait until all of it is printed.
        let objects = self.objects().clone();
        for (name, listener) in &objects.listeners {
            listener.sample(name.as_str(), sink);
        }
        for (name, route) in &objects.routes {
            route.sample(name.as_str(), sink);
        }
        for (name, upstream) in &objects.upstreams {
            upstream.sample(name.as_str(), sink);
        }
        for model in objects.models.values() {
            model.sample(sink);
        }
        for (model, fallbacks) in &objects.fallbacks {
            fallbacks.sample(model, sink);
        }
        for (server, counters) in &objects.mcp_servers {
            counters.sample(server.as_str(), sink);
        }
        for (name, consumer) in &objects.consumers {
            consumer.sample(name.as_str(), sink);
        }
        for (upstream, endpoints) in &objects.endpoints {
            for (address, endpoint) in endpoints {
                endpoint.sample(upstream.as_str(), &address.to_string(), sink);
            }
        }
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Metrics").field("workers", &self.workers).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
