//! A snapshot put to work: route tables, chains, upstreams, connectors and figures, by identity
//! the same objects as before wherever nothing changed. Immutable; swapped whole.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use architrave_balance as balance;
use architrave_balance::deployment::Lanes;
use architrave_config::{
    self as config, BudgetAmount, Consumer, Listener, ListenerIndex, ListenerProtocol, LlmService,
    PromptService, Route, RouteIndex, Service, ServiceIndex, ServiceKind, Snapshot,
};
use architrave_core::Moment;
use architrave_core::name::{ListenerName, ProviderName, ServiceName, UpstreamName};
use architrave_llm::catalog::{Catalog, FillError};
use architrave_net::h1::HeadLimits;
use architrave_net::tls::{ServerTls, TlsError};
use architrave_net::{ConnectionSettings, Connector};
use architrave_policy::ledger::{Account, Budget, Ledger, Period, Terms, Unit};
use architrave_policy::{Chain, ChainBuilder, RateLimiters};
use architrave_telemetry::{
    ConsumerMetrics, ListenerMetrics, Metrics, RouteMetrics, UpstreamMetrics,
};

use crate::models::LiveModels;
use crate::queue::Queue;
use crate::route::{HostTables, HostTablesBuilder};
use crate::upkeep::{AccountError, ServiceAccounts};

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
    /// Providers and models.
    pub(crate) models: LiveModels,
    /// What consumers may spend, in the snapshot's order; `None` for those without such limits.
    pub(crate) accounts: Vec<Option<Arc<Account>>>,
    /// What consumers use of models, in the snapshot's order.
    pub(crate) consumers: Vec<Arc<ConsumerMetrics>>,
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
    /// What it is.
    pub kind: LiveKind,
}

/// The kinds of service.
#[derive(Debug)]
pub enum LiveKind {
    /// An HTTP origin behind an upstream.
    Http(Arc<LiveUpstream>),
    /// Models.
    Llm(LlmService),
    /// A prompt with holes, that a model answers.
    Prompt(Box<PromptService>),
}

impl LiveService {
    /// The upstream of an HTTP origin.
    #[must_use]
    pub const fn upstream(&self) -> Option<&Arc<LiveUpstream>> {
        match &self.kind {
            LiveKind::Http(upstream) => Some(upstream),
            LiveKind::Llm(_) | LiveKind::Prompt(_) => None,
        }
    }
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
    /// What is learned of deployments, which outlives assemblies.
    pub lanes: Arc<Lanes>,
    /// What consumers have spent, which outlives assemblies.
    pub ledger: Arc<Ledger>,
    /// The catalogue of providers and models.
    pub catalog: Arc<Catalog>,
    /// The service accounts whose tokens are presented, which outlive assemblies.
    pub service_accounts: Arc<ServiceAccounts>,
}

impl Parts {
    /// Parts of which nothing is learned yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            limiters: Arc::default(),
            lanes: Arc::default(),
            ledger: Arc::new(Ledger::in_memory()),
            catalog: Arc::default(),
            service_accounts: Arc::default(),
        }
    }
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
    /// Where a provider is.
    #[error("provider {0}: its base URL is none")]
    Provider(ProviderName),
    /// The address of a provider.
    #[error("provider {0}: {1}")]
    Address(ProviderName, FillError),
    /// The service account of a provider.
    #[error("provider {0}: {1}")]
    Account(ProviderName, AccountError),
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
        let before = previous.map(|previous| &previous.models);
        let models = if errors.is_empty() {
            LiveModels::build(&snapshot, before, &upstreams, (parts, now), &mut errors)
        } else {
            LiveModels::default()
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let services: Vec<_> =
            snapshot.services.iter().map(|service| live_service(service, &upstreams)).collect();
        let accounts = accounts(&snapshot, &parts.ledger);
        let consumers = (snapshot.consumers.iter())
            .map(|consumer| parts.metrics.consumer(&consumer.name))
            .collect();
        let slots = route_slots(&snapshot, &listeners, &services, parts);
        for upstream in &upstreams {
            let limits = &upstream.config.limits;
            upstream.queue.set_limits(limits.connections_max, limits.pending_max);
        }
        // What is known of upstreams is known of the providers' own, too: they are probed, looked up
        // and shown like those of the file, behind which they stand.
        let upstreams = upstreams.into_iter().chain(models.own_upstreams()).collect();
        Ok(Self {
            models,
            accounts,
            consumers,
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
    pub(crate) fn is_current(&self, config: &architrave_config::Upstream) -> bool {
        *self.config == *config && self.connector.is_current(&ConnectionSettings::from(config))
    }

    pub(crate) fn new(
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

fn live_service(service: &Service, upstreams: &[Arc<LiveUpstream>]) -> Arc<LiveService> {
    let kind = match &service.kind {
        ServiceKind::Http { upstream } => LiveKind::Http(Arc::clone(&upstreams[upstream.get()])),
        ServiceKind::Llm(service) => LiveKind::Llm(service.clone()),
        ServiceKind::Prompt(service) => LiveKind::Prompt(service.clone()),
    };
    Arc::new(LiveService { name: service.name.clone(), kind })
}

/// What each consumer may spend.
fn accounts(snapshot: &Snapshot, ledger: &Ledger) -> Vec<Option<Arc<Account>>> {
    let consumers = snapshot.consumers.iter();
    consumers.map(|consumer| ledger.account(consumer.name.as_str(), &terms(consumer))).collect()
}

fn terms(consumer: &Consumer) -> Terms {
    let budgets = consumer.budgets.iter().map(|budget| {
        let (unit, limit) = match budget.amount {
            BudgetAmount::NanoUsd(limit) => (Unit::NanoUsd, limit),
            BudgetAmount::Tokens(limit) => (Unit::Tokens, limit),
        };
        let per = match budget.per {
            config::Period::Minute => Period::Minute,
            config::Period::Hour => Period::Hour,
            config::Period::Day => Period::Day,
            config::Period::Week => Period::Week,
            config::Period::Month => Period::Month,
        };
        Budget { unit, limit, per }
    });
    Terms { tokens: consumer.limits.tokens, budgets: budgets.collect() }
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
