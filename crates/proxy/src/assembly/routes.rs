//! Routes put to work: the tables of each listener, with the services they lead to and the policies
//! that stand before those.

use std::sync::Arc;
use std::time::Duration;

use architrave_config::{
    Api, ListenerIndex, LlmService, PathMatch, PromptService, Route, RouteIndex, RouteMatch,
    Service, ServiceIndex, ServiceKind, Snapshot,
};
use architrave_core::name::ServiceName;
use architrave_policy::{Chain, ChainBuilder, RateLimiters};
use architrave_telemetry::RouteMetrics;
use architrave_telemetry::usage::{BodyRule, Redaction, UsagePlace};

use super::life::LiveLife;
use super::{LiveListener, LiveUpstream, Parts};
use crate::mcp::{LiveMcp, LiveMcpService};
use crate::redaction::redaction;
use crate::route::{HostTables, HostTablesBuilder};

/// A service as routes see it.
#[derive(Debug)]
pub struct LiveService {
    /// Its name.
    pub name: ServiceName,
    /// What it is.
    pub kind: LiveKind,
    /// What is told of its life; `None` for those of which no end is known.
    pub life: Option<Box<LiveLife>>,
    /// The description of its API.
    pub api: Option<Api>,
    /// What the request log has of bodies.
    pub bodies: Option<Arc<BodyRule>>,
    /// What the request log never has.
    pub redaction: Arc<Redaction>,
}

/// The kinds of service.
#[derive(Debug)]
pub enum LiveKind {
    /// An HTTP origin behind an upstream.
    Http(Arc<LiveUpstream>),
    /// Answers from the description of the API.
    Mock(Api),
    /// Models.
    Llm(LlmService),
    /// A prompt with holes, that a model answers.
    Prompt(Box<PromptService>),
    /// MCP servers, as one.
    Mcp(Arc<LiveMcpService>),
}

impl LiveService {
    /// The upstream of an HTTP origin.
    #[must_use]
    pub const fn upstream(&self) -> Option<&Arc<LiveUpstream>> {
        match &self.kind {
            LiveKind::Http(upstream) => Some(upstream),
            LiveKind::Mock(_) | LiveKind::Llm(_) | LiveKind::Prompt(_) | LiveKind::Mcp(_) => None,
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
    /// Whether endpoints see the path as it was spelled.
    pub keep_spelling: bool,
    /// Where a copy goes, and of how many percent.
    pub mirror: Option<Box<(Arc<LiveService>, f64)>>,
}

impl LiveRoute {
    /// Whether it may lead to a service.
    pub(crate) fn leads_to(&self, service: &ServiceName) -> bool {
        let is_it = |lead: &Lead| lead.service.as_ref().is_some_and(|it| it.name == *service);
        match &self.leads {
            Leads::One(lead) => is_it(lead),
            Leads::Several(several) => several.iter().any(|(_, lead)| is_it(lead)),
        }
    }
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
    /// By what the use of this end is told apart.
    pub place: Arc<UsagePlace>,
}

/// The routes of one listener.
#[derive(Debug)]
pub struct ListenerRoutes {
    /// By host and path.
    pub tables: HostTables<LiveRoute>,
    /// For requests that match none.
    pub chain: Arc<Chain>,
}

pub(super) fn live_service(
    service: &Service,
    snapshot: &Snapshot,
    (upstreams, mcp, limiters): (&[Arc<LiveUpstream>], &LiveMcp, &RateLimiters),
    of_all: &Arc<Redaction>,
) -> Arc<LiveService> {
    let kind = match &service.kind {
        ServiceKind::Http { upstream } => LiveKind::Http(Arc::clone(&upstreams[upstream.get()])),
        ServiceKind::Mock => LiveKind::Mock(
            service.api.clone().expect("validation holds a mock to having a description"),
        ),
        ServiceKind::Llm(service) => LiveKind::Llm(service.clone()),
        ServiceKind::Prompt(service) => LiveKind::Prompt(service.clone()),
        ServiceKind::Mcp(mcp_service) => {
            let name = service.name.as_str();
            let live = LiveMcpService::new(mcp_service, name, &mcp.servers, limiters);
            LiveKind::Mcp(Arc::new(live))
        }
    };
    let life = LiveLife::of(&service.lifecycle, snapshot).map(Box::new);
    let api = service.api.clone();
    let bodies = service.log_bodies.as_ref();
    let redaction = match &service.redact {
        Some(own) => redaction(&snapshot.usage.redact, Some(own)),
        None => Arc::clone(of_all),
    };
    let bodies = bodies.map(|bodies| {
        Arc::new(BodyRule::new(bodies.bytes_max, &bodies.redact, Arc::clone(&redaction)))
    });
    Arc::new(LiveService { name: service.name.clone(), kind, life, api, bodies, redaction })
}

pub(super) fn route_slots(
    snapshot: &Snapshot,
    listeners: &[Arc<LiveListener>],
    services: &[Arc<LiveService>],
    parts: &Parts,
) -> Vec<Option<ListenerRoutes>> {
    let mut chains = ChainBuilder::new(snapshot, &parts.limiters, &parts.directory);
    let mut tables: Vec<HostTablesBuilder<LiveRoute>> =
        listeners.iter().map(|_| HostTablesBuilder::default()).collect();
    for (position, config) in snapshot.routes.iter().enumerate() {
        if !is_routed(config, snapshot) {
            continue;
        }
        let index = RouteIndex(u32::try_from(position).expect("far fewer than 2^32 routes"));
        let metrics = parts.metrics.route(&config.name);
        for listener in &config.listeners {
            let chain = |service| chains.chain(*listener, Some(index), service);
            let route = live_route(config, metrics.clone(), (snapshot, services), chain);
            let metadata = metadata_match(&route.leads);
            let matches: Vec<_> = config.matches.iter().chain(&metadata).cloned().collect();
            tables[listener.get()].add(&config.hosts, &matches, &route);
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

/// What a route takes beside what it is written to: where it is said, of a resource of OAuth, where
/// its tokens come from.
fn metadata_match(leads: &Leads) -> Option<RouteMatch> {
    let path = match leads {
        Leads::One(lead) => lead.chain.metadata_path(),
        Leads::Several(leads) => leads.iter().find_map(|(_, lead)| lead.chain.metadata_path()),
    };
    path.map(|path| RouteMatch {
        path: PathMatch::Exact(path.to_owned()),
        methods: Vec::new(),
        headers: Vec::new(),
        query: Vec::new(),
        cookies: Vec::new(),
    })
}

/// Whether anything answers behind a route: one of its services is published, or it has none and
/// answers by a policy.
fn is_routed(route: &Route, snapshot: &Snapshot) -> bool {
    route.services.is_empty()
        || route.services.iter().any(|one| is_published(one.service, snapshot))
}

fn is_published(service: ServiceIndex, snapshot: &Snapshot) -> bool {
    snapshot.services[service.get()].lifecycle.state.is_routed()
}

fn live_route(
    config: &Arc<Route>,
    metrics: RouteMetrics,
    (snapshot, services): (&Snapshot, &[Arc<LiveService>]),
    mut chain: impl FnMut(Option<ServiceIndex>) -> Arc<Chain>,
) -> LiveRoute {
    let service = |index: ServiceIndex| Arc::clone(&services[index.get()]);
    let place = |service: Option<&Service>| UsagePlace {
        service: service.map_or("", |service| service.name.as_str()).into(),
        version: (service.and_then(|service| service.version.as_ref()))
            .map_or("", |version| version.label.as_str())
            .into(),
        route: config.name.as_str().into(),
    };
    let mut lead = |index: Option<ServiceIndex>| Lead {
        service: index.map(service),
        chain: chain(index),
        place: Arc::new(place(index.map(|index| &*snapshot.services[index.get()]))),
    };
    let is_there = |service: ServiceIndex| is_published(service, snapshot);
    let published = config.services.iter().filter(|one| is_there(one.service));
    let leads = match &published.collect::<Vec<_>>()[..] {
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
        keep_spelling: config.keep_spelling,
        mirror: (config.mirror.as_ref())
            .filter(|mirror| is_there(mirror.service))
            .map(|mirror| Box::new((service(mirror.service), mirror.percent))),
        config: Arc::clone(config),
    }
}
