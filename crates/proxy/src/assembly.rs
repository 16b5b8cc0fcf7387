//! A snapshot put to work: route tables, chains, upstreams, connectors and figures, by identity
//! the same objects as before wherever nothing changed. Immutable; swapped whole.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use architrave_balance as balance;
use architrave_config::{
    Listener, ListenerIndex, ListenerProtocol, Route, RouteIndex, ServiceIndex, ServiceKind,
    Snapshot,
};
use architrave_core::Moment;
use architrave_core::name::{ListenerName, ServiceName, UpstreamName};
use architrave_net::h1::HeadLimits;
use architrave_net::tls::{ServerTls, TlsError};
use architrave_net::{ConnectionSettings, Connector};
use architrave_policy::{Chain, ChainBuilder, RateLimiters};
use architrave_telemetry::{ListenerMetrics, Metrics, RouteMetrics, UpstreamMetrics};

use crate::queue::Queue;
use crate::route::{HostTables, HostTablesBuilder};

/// A snapshot put to work.
#[derive(Debug)]
pub struct Assembly {
    /// What it was made from.
    pub snapshot: Arc<Snapshot>,
    /// Counts assemblies of this process; the first is 1.
    pub generation: u64,
    /// In the snapshot's order.
    pub listeners: Vec<Arc<LiveListener>>,
    /// In the snapshot's order.
    pub upstreams: Vec<Arc<LiveUpstream>>,
    /// By [`LiveListener::slot`].
    slots: Vec<Option<ListenerRoutes>>,
    /// Of the next listener that is new. Never one that has been in use: a connection may outlive
    /// its listener, and must not come under the routes of another.
    next_slot: usize,
    /// For requests that match no route.
    pub unrouted: RouteMetrics,
}

/// A listener as its connections see it.
#[derive(Debug)]
pub struct LiveListener {
    /// Its place among all listeners there have been, the same in every assembly.
    pub slot: usize,
    /// What was written.
    pub config: Arc<Listener>,
    /// Bounds on request heads.
    pub head_limits: HeadLimits,
    /// Set on `https`.
    pub tls: Option<Arc<ServerTls>>,
    /// Its figures.
    pub metrics: Arc<ListenerMetrics>,
    /// Connections open, over all workers and across reloads.
    pub open: Arc<AtomicUsize>,
    /// Whether no assembly in force has it any more: its connections are to end.
    pub is_gone: AtomicBool,
}

/// An upstream as attempts see it.
#[derive(Debug)]
pub struct LiveUpstream {
    /// What was written.
    pub config: Arc<architrave_config::Upstream>,
    /// Its endpoints and who is next.
    pub balance: Arc<balance::Upstream>,
    /// How connections are made.
    pub connector: Arc<Connector>,
    /// How many connections may be in use.
    pub queue: Arc<Queue>,
    /// Its figures.
    pub metrics: Arc<UpstreamMetrics>,
}

/// A service as routes see it.
#[derive(Debug)]
pub struct LiveService {
    /// Its name.
    pub name: ServiceName,
    /// Its upstream.
    pub upstream: Arc<LiveUpstream>,
}

/// A route on one listener, as exchanges see it. Flat: among ten thousand routes, whatever an
/// exchange has to look for elsewhere is something that it waits for.
#[derive(Clone, Debug)]
pub struct LiveRoute {
    /// What was written.
    pub config: Arc<Route>,
    /// Its figures.
    pub metrics: RouteMetrics,
    /// Where it leads.
    pub leads: Leads,
    /// To the response head; `None` for no limit beside the upstream's.
    pub timeout: Option<Duration>,
    /// Where a copy goes, and of how many percent.
    pub mirror: Option<Box<(Arc<LiveService>, f64)>>,
}

/// Where a route leads.
#[derive(Clone, Debug)]
pub enum Leads {
    /// Always there.
    One(Lead),
    /// To several, by weight.
    Several(Box<[(u32, Lead)]>),
}

/// One of the ends of a route.
#[derive(Clone, Debug)]
pub struct Lead {
    /// `None` when only a policy answers.
    pub service: Option<Arc<LiveService>>,
    /// The policies of listener, route and service.
    pub chain: Arc<Chain>,
}

/// The routes of one listener.
#[derive(Debug)]
pub struct ListenerRoutes {
    /// By host and path.
    pub tables: HostTables<LiveRoute>,
    /// For requests that match none.
    pub chain: Arc<Chain>,
}

/// What assemblies are made with, beside a snapshot.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where figures go.
    pub metrics: Arc<Metrics>,
    /// Counters of rate limits, which outlive assemblies.
    pub limiters: Arc<RateLimiters>,
}

/// Why a valid snapshot could not be put to work.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The certificates of a listener.
    #[error("listener {0}: {1}")]
    Listener(ListenerName, TlsError),
    /// The certificates of an upstream.
    #[error("upstream {0}: {1}")]
    Upstream(UpstreamName, TlsError),
    /// A service of a kind that is not served.
    #[error("service {0}: `{1}` is not in this version")]
    Kind(ServiceName, &'static str),
}

impl Assembly {
    /// Puts `snapshot` to work, carrying over from `previous` whatever has not changed.
    ///
    /// # Errors
    /// Every [`AssemblyError`] there is, not only the first.
    pub fn build(
        snapshot: Arc<Snapshot>,
        previous: Option<&Self>,
        parts: &Parts,
        now: Moment,
    ) -> Result<Self, Vec<AssemblyError>> {
        let mut errors = Vec::new();
        let mut next_slot = previous.map_or(0, |previous| previous.next_slot);
        let listeners = live_listeners(&snapshot, previous, parts, &mut next_slot, &mut errors);
        let upstreams = live_upstreams(&snapshot, previous, parts, now, &mut errors);
        let services = live_services(&snapshot, &upstreams, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let slots = route_slots(&snapshot, &listeners, &services, parts);
        for upstream in &upstreams {
            let limits = &upstream.config.limits;
            upstream.queue.set_limits(limits.connections_max, limits.pending_max);
        }
        Ok(Self {
            generation: previous.map_or(1, |previous| previous.generation + 1),
            listeners,
            upstreams,
            slots,
            next_slot,
            unrouted: parts.metrics.unrouted(),
            snapshot,
        })
    }

    /// The listener in a slot; `None` when it is gone.
    #[must_use]
    pub fn listener_at(&self, slot: usize) -> Option<Arc<LiveListener>> {
        self.listeners.iter().find(|listener| listener.slot == slot).map(Arc::clone)
    }

    /// The routes of a listener; `None` when the listener is gone.
    #[must_use]
    pub fn routes(&self, listener: &LiveListener) -> Option<&ListenerRoutes> {
        self.slots.get(listener.slot)?.as_ref()
    }
}

fn live_listeners(
    snapshot: &Snapshot,
    previous: Option<&Assembly>,
    parts: &Parts,
    next_slot: &mut usize,
    errors: &mut Vec<AssemblyError>,
) -> Vec<Arc<LiveListener>> {
    let known = previous.map_or(&[][..], |previous| &previous.listeners);
    let mut live = Vec::with_capacity(snapshot.listeners.len());
    for config in &snapshot.listeners {
        let before = known.iter().find(|listener| listener.config.name == config.name);
        match before {
            Some(before) if before.config == *config => {
                if let Err(error) = before.read_certificates() {
                    errors.push(AssemblyError::Listener(config.name.clone(), error));
                }
                live.push(Arc::clone(before));
            }
            _ => match LiveListener::new(config, before, parts, next_slot) {
                Ok(listener) => live.push(Arc::new(listener)),
                Err(error) => errors.push(AssemblyError::Listener(config.name.clone(), error)),
            },
        }
    }
    live
}

impl LiveListener {
    /// Reads certificates whose files have changed; a reload must not pass over a broken one.
    fn read_certificates(&self) -> Result<(), TlsError> {
        let (Some(tls), ListenerProtocol::Https(settings)) = (&self.tls, &self.config.protocol)
        else {
            return Ok(());
        };
        // What is broken on the disk is told each time, not only when it became so.
        ServerTls::load(settings)?;
        tls.reload_if_changed().map(drop)
    }

    fn new(
        config: &Arc<Listener>,
        before: Option<&Arc<Self>>,
        parts: &Parts,
        next_slot: &mut usize,
    ) -> Result<Self, TlsError> {
        let tls = match &config.protocol {
            ListenerProtocol::Https(tls) => Some(Arc::new(ServerTls::load(tls)?)),
            _ => None,
        };
        let slot = before.map_or(*next_slot, |before| before.slot);
        if before.is_none() {
            *next_slot += 1;
        }
        let limits = &config.limits;
        Ok(Self {
            slot,
            head_limits: HeadLimits {
                head_bytes_max: limits.head_bytes_max,
                headers_max: limits.headers_max,
                uri_bytes_max: limits.uri_bytes_max,
            },
            tls,
            metrics: parts.metrics.listener(&config.name),
            open: before.map(|before| Arc::clone(&before.open)).unwrap_or_default(),
            is_gone: AtomicBool::new(false),
            config: Arc::clone(config),
        })
    }
}

fn live_upstreams(
    snapshot: &Snapshot,
    previous: Option<&Assembly>,
    parts: &Parts,
    now: Moment,
    errors: &mut Vec<AssemblyError>,
) -> Vec<Arc<LiveUpstream>> {
    let known: HashMap<&UpstreamName, &Arc<LiveUpstream>> = previous
        .into_iter()
        .flat_map(|previous| &previous.upstreams)
        .map(|upstream| (&upstream.config.name, upstream))
        .collect();
    let mut live = Vec::with_capacity(snapshot.upstreams.len());
    for config in &snapshot.upstreams {
        match known.get(&config.name) {
            Some(before) if before.is_current(config) => live.push(Arc::clone(before)),
            before => match LiveUpstream::new(config, before.copied(), parts, now) {
                Ok(upstream) => live.push(Arc::new(upstream)),
                Err(error) => errors.push(AssemblyError::Upstream(config.name.clone(), error)),
            },
        }
    }
    live
}

impl LiveUpstream {
    fn is_current(&self, config: &architrave_config::Upstream) -> bool {
        *self.config == *config && self.connector.is_current(&ConnectionSettings::from(config))
    }

    fn new(
        config: &Arc<architrave_config::Upstream>,
        before: Option<&Arc<Self>>,
        parts: &Parts,
        now: Moment,
    ) -> Result<Self, TlsError> {
        let settings = ConnectionSettings::from(&**config);
        let connector = match before {
            Some(before) if before.connector.is_current(&settings) => Arc::clone(&before.connector),
            _ => Connector::new(settings)?,
        };
        let balance =
            balance::Upstream::new(Arc::clone(config), before.map(|before| &*before.balance), now);
        Ok(Self {
            balance: Arc::new(balance),
            connector,
            queue: before.map(|before| Arc::clone(&before.queue)).unwrap_or_default(),
            metrics: parts.metrics.upstream(&config.name),
            config: Arc::clone(config),
        })
    }
}

/// The services, where nothing was wrong so far; else what is wrong with them.
fn live_services(
    snapshot: &Snapshot,
    upstreams: &[Arc<LiveUpstream>],
    errors: &mut Vec<AssemblyError>,
) -> Vec<Arc<LiveService>> {
    let mut live = Vec::with_capacity(snapshot.services.len());
    for service in &snapshot.services {
        let name = service.name.clone();
        match service.kind {
            // An upstream that is broken is not in the list, which moves those behind it.
            ServiceKind::Http { .. } if upstreams.len() < snapshot.upstreams.len() => {}
            ServiceKind::Http { upstream } => {
                let upstream = Arc::clone(&upstreams[upstream.get()]);
                live.push(Arc::new(LiveService { name, upstream }));
            }
            ServiceKind::Llm(_) => errors.push(AssemblyError::Kind(name, "llm")),
            ServiceKind::Prompt(_) => errors.push(AssemblyError::Kind(name, "prompt")),
        }
    }
    live
}

fn route_slots(
    snapshot: &Snapshot,
    listeners: &[Arc<LiveListener>],
    services: &[Arc<LiveService>],
    parts: &Parts,
) -> Vec<Option<ListenerRoutes>> {
    let mut chains = ChainBuilder::new(snapshot, &parts.limiters);
    let mut tables: Vec<HostTablesBuilder<LiveRoute>> =
        listeners.iter().map(|_| HostTablesBuilder::default()).collect();
    for (position, config) in snapshot.routes.iter().enumerate() {
        let index = RouteIndex(u32::try_from(position).expect("far fewer than 2^32 routes"));
        let metrics = parts.metrics.route(&config.name);
        for listener in &config.listeners {
            let chain = |service| chains.chain(*listener, Some(index), service);
            let route = live_route(config, metrics.clone(), services, chain);
            tables[listener.get()].add(&config.hosts, &config.matches, &route);
        }
    }
    let slot_count = listeners.iter().map(|listener| listener.slot + 1).max().unwrap_or(0);
    let mut slots: Vec<Option<ListenerRoutes>> = (0..slot_count).map(|_| None).collect();
    for (position, (listener, tables)) in listeners.iter().zip(tables).enumerate() {
        let index = ListenerIndex(u32::try_from(position).expect("far fewer than 2^32 listeners"));
        slots[listener.slot] =
            Some(ListenerRoutes { tables: tables.build(), chain: chains.chain(index, None, None) });
    }
    slots
}

fn live_route(
    config: &Arc<Route>,
    metrics: RouteMetrics,
    services: &[Arc<LiveService>],
    mut chain: impl FnMut(Option<ServiceIndex>) -> Arc<Chain>,
) -> LiveRoute {
    let service = |index: ServiceIndex| Arc::clone(&services[index.get()]);
    let mut lead =
        |index: Option<ServiceIndex>| Lead { service: index.map(service), chain: chain(index) };
    let leads = match &config.services[..] {
        [] => Leads::One(lead(None)),
        [only] => Leads::One(lead(Some(only.service))),
        several => Leads::Several(
            several.iter().map(|one| (one.weight, lead(Some(one.service)))).collect(),
        ),
    };
    LiveRoute {
        metrics,
        leads,
        timeout: config.timeout,
        mirror: (config.mirror.as_ref())
            .map(|mirror| Box::new((service(mirror.service), mirror.percent))),
        config: Arc::clone(config),
    }
}

#[cfg(test)]
mod tests;
