//! Upstreams put to work: endpoints, connectors and queues, by identity the same as before.

use std::collections::HashMap;
use std::sync::Arc;

use architrave_balance as balance;
use architrave_config::{self as config, Snapshot};
use architrave_core::Moment;
use architrave_core::name::UpstreamName;
use architrave_net::tls::TlsError;
use architrave_net::{ConnectionSettings, Connector};
use architrave_telemetry::UpstreamMetrics;

use super::{Assembly, AssemblyError, Parts};
use crate::queue::Queue;

/// An upstream as attempts see it.
#[derive(Debug)]
pub struct LiveUpstream {
    /// What was written.
    pub config: Arc<config::Upstream>,
    /// Its endpoints and who is next.
    pub balance: Arc<balance::Upstream>,
    /// How connections are made.
    pub connector: Arc<Connector>,
    /// How many connections may be in use.
    pub queue: Arc<Queue>,
    /// Its figures.
    pub metrics: Arc<UpstreamMetrics>,
}

pub(super) fn live_upstreams(
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
    pub(crate) fn is_current(&self, config: &config::Upstream) -> bool {
        *self.config == *config && self.connector.is_current(&ConnectionSettings::from(config))
    }

    pub(crate) fn new(
        config: &Arc<config::Upstream>,
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
        let queue = before.map(|before| Arc::clone(&before.queue)).unwrap_or_default();
        let waits = Arc::clone(&queue);
        balance.on_layout(move || waits.look_again());
        Ok(Self {
            balance: Arc::new(balance),
            connector,
            queue,
            metrics: parts.metrics.upstream(&config.name),
            config: Arc::clone(config),
        })
    }
}
