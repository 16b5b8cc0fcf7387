//! A snapshot put to work: route tables, chains, upstreams, connectors and figures, by identity
//! the same objects as before wherever nothing changed. Immutable; swapped whole.

mod account;
mod life;
mod listener;
mod routes;
mod upstream;

use std::sync::Arc;

use architrave_balance::deployment::Lanes;
use architrave_config::Snapshot;
use architrave_core::name::{ListenerName, McpServerName, ProviderName, UpstreamName};
use architrave_core::{Clock, HashKey, Moment};
use architrave_llm::catalog::{Catalog, FillError};
use architrave_net::tls::TlsError;
use architrave_policy::ledger::{Account, Ledger};
use architrave_policy::{Directory, RateLimiters};
use architrave_telemetry::usage::{Redaction, UsageCaller};
use architrave_telemetry::{ConsumerMetrics, Metrics, RouteMetrics};

pub use life::LiveLife;
pub(crate) use life::{refusal, retry_after};
pub use listener::LiveListener;
pub use routes::{Lead, Leads, ListenerRoutes, LiveKind, LiveRoute, LiveService};
pub use upstream::LiveUpstream;

use crate::bridge::{FarError, FarServers};
use crate::mcp::LiveMcp;
use crate::models::LiveModels;
use crate::redaction::redaction;
use crate::upkeep::{AccountError, ServiceAccounts};
use account::accounts;
use listener::live_listeners;
use routes::{live_service, route_slots};
use upstream::live_upstreams;

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
    /// MCP servers.
    pub(crate) mcp: LiveMcp,
    /// What consumers may spend, in the snapshot's order; `None` for those without such limits.
    pub(crate) accounts: Vec<Option<Arc<Account>>>,
    /// What consumers use of models, in the snapshot's order.
    pub(crate) consumers: Vec<Arc<ConsumerMetrics>>,
    /// Consumers as usage events name them, in the snapshot's order.
    pub(crate) callers: Vec<Arc<UsageCaller>>,
    /// By [`LiveListener::slot`].
    slots: Vec<Option<ListenerRoutes>>,
    /// Of the next listener that is new. Never one that has been in use: a connection may outlive
    /// its listener, and must not come under the routes of another.
    next_slot: usize,
    /// For requests that match no route.
    pub unrouted: RouteMetrics,
    /// What the request log never has.
    pub(crate) redaction: Arc<Redaction>,
}

/// What assemblies are made with, beside a snapshot.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where figures go.
    pub metrics: Arc<Metrics>,
    /// By what strangers' values are hashed.
    pub hash: HashKey,
    /// Counters of rate limits, which outlive assemblies.
    pub limiters: Arc<RateLimiters>,
    /// What is learned of deployments, which outlives assemblies.
    pub lanes: Arc<Lanes>,
    /// What consumers have spent, which outlives assemblies.
    pub ledger: Arc<Ledger>,
    /// Who calls by subscriptions, which outlives assemblies.
    pub directory: Arc<Directory>,
    /// The catalogue of providers and models.
    pub catalog: Arc<Catalog>,
    /// The service accounts whose tokens are presented, which outlive assemblies.
    pub service_accounts: Arc<ServiceAccounts>,
    /// How MCP servers are reached that have no Streamable HTTP.
    pub far: FarServers,
}

impl Parts {
    /// Parts of which nothing is learned yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self::hashed_by(HashKey::by_chance(), metrics)
    }

    /// The same with a key by which strangers' values are hashed.
    #[must_use]
    pub fn hashed_by(hash: HashKey, metrics: Arc<Metrics>) -> Self {
        let ledger = Arc::new(Ledger::in_memory());
        Self {
            metrics,
            hash,
            limiters: Arc::new(RateLimiters::hashed_by(hash)),
            lanes: Arc::default(),
            directory: Arc::new(Directory::new(Clock::system(), Arc::clone(&ledger))),
            ledger,
            catalog: Arc::default(),
            service_accounts: Arc::default(),
            far: FarServers::default(),
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
    /// Where an MCP server is.
    #[error("mcp server {0}: its URL is none")]
    McpServer(McpServerName),
    /// What speaks for an MCP server.
    #[error("mcp server {0}: {1}")]
    Far(McpServerName, FarError),
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
        let before = previous.map(|previous| &previous.mcp);
        let mcp = if errors.is_empty() {
            LiveMcp::build(&snapshot, before, &upstreams, (parts, now), &mut errors)
        } else {
            LiveMcp::default()
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let redaction = redaction(&snapshot.usage.redact, None);
        let made = (&upstreams[..], &mcp, &*parts.limiters);
        let services: Vec<_> = (snapshot.services.iter())
            .map(|service| live_service(service, &snapshot, made, &redaction))
            .collect();
        let accounts = accounts(&snapshot, &parts.ledger);
        let consumers = (snapshot.consumers.iter())
            .map(|consumer| parts.metrics.consumer(&consumer.name))
            .collect();
        let callers = (snapshot.consumers.iter())
            .map(|consumer| UsageCaller {
                consumer: consumer.name.as_str().into(),
                ..UsageCaller::default()
            })
            .map(Arc::new)
            .collect();
        let slots = route_slots(&snapshot, &listeners, &services, parts);
        for upstream in &upstreams {
            let limits = &upstream.config.limits;
            upstream.queue.set_limits(limits.connections_max, limits.pending_max);
        }
        // What is known of upstreams is known of the providers' own, too: they are probed, looked up
        // and shown like those of the file, behind which they stand.
        let upstreams = (upstreams.into_iter())
            .chain(models.own_upstreams())
            .chain(mcp.own_upstreams())
            .collect();
        Ok(Self {
            models,
            mcp,
            accounts,
            consumers,
            callers,
            generation: previous.map_or(1, |previous| previous.generation + 1),
            listeners,
            upstreams,
            slots,
            next_slot,
            unrouted: parts.metrics.unrouted(),
            redaction,
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

#[cfg(test)]
mod tests;
