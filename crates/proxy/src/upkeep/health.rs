//! Probing the endpoints of one upstream on a schedule.
//!
//! Each endpoint has a task of its own, so that a slow one delays no other. What the verdicts add
//! up to is `balance`'s to say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Change, Endpoint, Upstream};
use architrave_config::{self as config, ActiveHealth, SendProxyProtocol};
use architrave_config::{UpstreamProtocol, UpstreamTls};
use architrave_core::name::UpstreamName;
use architrave_core::{Clock, Moment};
use architrave_net::probe::Probe;
use tokio::sync::Semaphore;

use super::{OwnedTask, Tools, log_change};

/// Probes of one upstream under way at once; more of them wait for their turn.
const PROBES_AT_ONCE: usize = 256;

/// The first probes of new endpoints are spread over this time, or over the interval if that is
/// shorter: soon, but not all at the same moment.
const FIRST_WITHIN: Duration = Duration::from_secs(1);

/// How far two probes of an endpoint may be closer or further apart than the interval says, as a
/// share of it: endpoints must not march in step.
const JITTER: f64 = 0.1;

/// The probing of one upstream; it stops when dropped.
pub(super) struct Probing {
    tools: Tools,
    /// `None` where there is nothing to probe, or no way to.
    running: Option<Running>,
    /// Why probing could not be set up, as last said in the log.
    complaint: Option<String>,
}

/// Everything of an upstream's configuration that makes its probes what they are.
#[derive(Clone, Debug, PartialEq)]
struct Settings {
    active: ActiveHealth,
    tls: Option<UpstreamTls>,
    protocol: UpstreamProtocol,
    send_proxy_protocol: SendProxyProtocol,
}

struct Running {
    settings: Settings,
    prober: Arc<Prober>,
    endpoints: HashMap<SocketAddr, (Arc<Endpoint>, OwnedTask)>,
}

/// What the tasks of one upstream share.
struct Prober {
    upstream: UpstreamName,
    probe: Probe,
    interval: Duration,
    turns: Semaphore,
    clock: Clock,
}

impl Settings {
    fn of(upstream: &config::Upstream) -> Option<Self> {
        Some(Self {
            active: upstream.health.active.clone()?,
            tls: upstream.tls.clone(),
            protocol: upstream.protocol,
            send_proxy_protocol: upstream.send_proxy_protocol,
        })
    }
}

impl Probing {
    pub(super) fn new(tools: Tools) -> Self {
        Self { tools, running: None, complaint: None }
    }

    /// Probes what `upstream` has now, as it says now. Endpoints that are the same as before,
    /// under the same settings, notice nothing.
    pub(super) fn follow(&mut self, upstream: &Upstream) {
        let Some(settings) = Settings::of(upstream.config()) else {
            self.running = None;
            return;
        };
        if self.running.as_ref().is_none_or(|running| running.settings != settings) {
            self.running = self.set_up(settings, upstream.config());
        }
        match &mut self.running {
            Some(running) => running.follow(upstream.endpoints()),
            // Who waits for a probe that nobody makes would wait for ever.
            None => upstream.endpoints().iter().for_each(|endpoint| endpoint.cannot_be_probed()),
        }
    }

    /// Which task looks after which endpoint.
    #[cfg(test)]
    pub(super) fn task_ids(&self) -> HashMap<SocketAddr, tokio::task::Id> {
        let endpoints = self.running.iter().flat_map(|running| &running.endpoints);
        endpoints.map(|(address, (_, task))| (*address, task.0.id())).collect()
    }

    fn set_up(&mut self, settings: Settings, upstream: &config::Upstream) -> Option<Running> {
        match Probe::of_upstream(upstream) {
            Ok(probe) => {
                self.complaint = None;
                let prober = Prober {
                    upstream: upstream.name.clone(),
                    probe: probe?,
                    interval: settings.active.interval,
                    turns: Semaphore::new(PROBES_AT_ONCE),
                    clock: self.tools.clock.clone(),
                };
                Some(Running { settings, prober: Arc::new(prober), endpoints: HashMap::new() })
            }
            Err(error) => {
                // It is tried again every round; the log hears of it once.
                let complaint = error.to_string();
                if self.complaint.as_ref() != Some(&complaint) {
                    tracing::warn!(upstream = %upstream.name, error = %complaint, "health checks cannot run");
                    self.complaint = Some(complaint);
                }
                None
            }
        }
    }
}

impl Running {
    fn follow(&mut self, endpoints: Vec<Arc<Endpoint>>) {
        let mut before = std::mem::take(&mut self.endpoints);
        for endpoint in endpoints {
            let address = endpoint.address();
            let kept = before.remove(&address).filter(|(known, _)| Arc::ptr_eq(known, &endpoint));
            let entry = kept.unwrap_or_else(|| {
                let work = Arc::clone(&self.prober).watch(Arc::clone(&endpoint));
                (endpoint, OwnedTask::start(work))
            });
            self.endpoints.insert(address, entry);
        }
    }
}

impl Prober {
    async fn watch(self: Arc<Self>, endpoint: Arc<Endpoint>) {
        // What waits for its first probe has it at once.
        if !endpoint.is_unprobed() {
            let first = self.interval.min(FIRST_WITHIN).mul_f64(fastrand::f64());
            tokio::time::sleep(first).await;
        }
        loop {
            let start = self.clock.now();
            self.probe(&endpoint).await;
            tokio::time::sleep(self.rest_of_interval(start)).await;
        }
    }

    async fn probe(&self, endpoint: &Arc<Endpoint>) {
        let verdict = {
            let _turn = self.turns.acquire().await;
            self.probe.run(endpoint.address(), endpoint.server_name()).await
        };
        if let Err(error) = &verdict {
            tracing::debug!(
                upstream = %self.upstream, endpoint = %endpoint.address(), %error, "probe failed"
            );
        }
        let found = verdict.as_ref().err().map(ToString::to_string);
        endpoint.note_probe_error(found.as_deref());
        if let Some(transition) = endpoint.report_probe(verdict.is_ok(), self.clock.now()) {
            let why = verdict.err().map(|error| error.to_string());
            let change = Change { endpoint: Arc::clone(endpoint), transition };
            log_change(&self.upstream, &change, why.as_deref());
        }
    }

    /// What is left of an interval that began at `start`; nothing when the probe took longer.
    fn rest_of_interval(&self, start: Moment) -> Duration {
        let interval = self.interval.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
        interval.saturating_sub(self.clock.now().since(start))
    }
}
