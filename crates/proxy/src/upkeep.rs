//! What live upstreams need beside traffic: probes, name look-ups, and a refresh ten times a
//! second.
//!
//! It runs on the control runtime and follows the registry by itself: whatever a reload puts
//! there is looked after from the next round on, and what stays the same is not disturbed. It
//! serves no request, and no request waits for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Change, Registry, Transition, Upstream};
use architrave_config::{UpstreamProtocol, UpstreamTls};
use architrave_core::name::UpstreamName;
use architrave_core::shutdown::ShutdownSignal;
use architrave_core::{Clock, task};
use architrave_llm::auth::TokenUri;
use architrave_net::dns::Resolver;
use architrave_net::egress::Permission;
use architrave_net::fetch::{self, Destination, FetchError, Question, QuestionBody, WholeAnswer};
use architrave_net::tls::{ClientTls, TlsError};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::MissedTickBehavior;

mod discovery;
mod health;
mod key_sets;
#[cfg(test)]
mod tests;
pub(crate) mod tokens;

use discovery::Discovery;
use health::Probing;
pub use key_sets::keep_key_sets;
pub use tokens::{AccountError, ServiceAccounts};

/// Between two refreshes of every upstream.
const REFRESH_EVERY: Duration = Duration::from_millis(100);

/// Refreshes between two looks for endpoints that came or went, by DNS or by hand.
const REFRESHES_PER_ROUND: u32 = 10;

type Upstreams = HashMap<UpstreamName, Arc<Upstream>>;

/// The running upkeep; it stops with the shutdown signal, or when this is dropped.
#[derive(Debug)]
pub struct Upkeep {
    supervisor: JoinHandle<()>,
}

impl Upkeep {
    /// Starts to look after the upstreams of `registry`, on the current (multi-thread) runtime.
    /// It goes on while the process drains, since what is in flight may still be retried, and
    /// stops when `shutdown` ends.
    #[must_use]
    pub fn start(
        registry: Arc<Registry>,
        resolver: Arc<Resolver>,
        clock: Clock,
        mut shutdown: ShutdownSignal,
    ) -> Self {
        let mut supervisor = Supervisor {
            registry,
            tools: Tools { resolver, clock },
            followed: Arc::default(),
            cared_for: HashMap::new(),
        };
        let supervisor = task::spawn(async move {
            tokio::select! {
                () = supervisor.run() => {}
                () = shutdown.ended() => {}
            }
        });
        Self { supervisor }
    }

    /// Resolves when it has stopped.
    pub async fn stopped(mut self) {
        // A panic has been told by the panic hook; there is nothing to add.
        let _ended = (&mut self.supervisor).await;
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

/// What all the work is done with.
#[derive(Clone)]
struct Tools {
    resolver: Arc<Resolver>,
    clock: Clock,
}

/// Why nothing is to be had from a URL.
#[derive(Debug, thiserror::Error)]
enum UrlError {
    #[error("{0}")]
    Tls(#[from] TlsError),
    #[error("{0}")]
    Fetch(#[from] FetchError),
}

impl Tools {
    /// Asks where a URL is: a `GET`, or a `POST` of `body`. A name that leads to what is not of the
    /// public internet is refused unless `allow_private`.
    async fn ask(
        &self,
        url: &TokenUri,
        allow_private: bool,
        body: Option<QuestionBody<'_>>,
    ) -> Result<WholeAnswer, UrlError> {
        let tls = match url.is_encrypted() {
            true => Some(ClientTls::load(&UpstreamTls::default(), UpstreamProtocol::Http1)?),
            false => None,
        };
        let question = Question {
            authority: url.authority(),
            host: url.host(),
            path: url.path_and_query(),
            body,
            ..Question::default()
        };
        let destination = Destination {
            host: url.host(),
            port: url.port(),
            permission: Some(Permission::of_host(url.host(), allow_private)),
        };
        Ok(fetch::ask_host(&self.resolver, destination, tls.as_ref(), &question).await?)
    }
}

struct Supervisor {
    registry: Arc<Registry>,
    tools: Tools,
    /// The upstreams as last seen in the registry.
    followed: Arc<Upstreams>,
    cared_for: HashMap<UpstreamName, Care>,
}

/// The work under way for one upstream; dropped, it stops.
struct Care {
    probing: Probing,
    discovery: Discovery,
}

impl Supervisor {
    async fn run(&mut self) {
        let mut ticks = tokio::time::interval(REFRESH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut since_round = 0;
        loop {
            ticks.tick().await;
            for (upstream, change) in self.registry.refresh(self.tools.clock.now()) {
                log_change(&upstream, &change, None);
            }
            let upstreams = self.registry.upstreams();
            since_round += 1;
            let is_due = since_round >= REFRESHES_PER_ROUND
                || !Arc::ptr_eq(&upstreams, &self.followed)
                || self.registry.has_newcomers();
            if is_due {
                since_round = 0;
                self.follow(upstreams);
            }
        }
    }

    /// Starts, keeps and stops work so that it fits the upstreams as they are now.
    fn follow(&mut self, upstreams: Arc<Upstreams>) {
        self.cared_for.retain(|name, _| upstreams.contains_key(name));
        for (name, upstream) in upstreams.iter() {
            let care = self.cared_for.entry(name.clone()).or_insert_with(|| Care {
                probing: Probing::new(self.tools.clone()),
                discovery: Discovery::new(self.tools.clone(), Arc::clone(upstream)),
            });
            care.discovery.follow(upstream);
            care.probing.follow(upstream);
        }
        self.followed = upstreams;
    }
}

/// A task that ends when this is dropped.
#[derive(Debug)]
struct OwnedTask(AbortHandle);

impl OwnedTask {
    fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(task::spawn(work).abort_handle())
    }
}

impl Drop for OwnedTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says once that an endpoint's health has turned.
fn log_change(upstream: &UpstreamName, change: &Change, why: Option<&str>) {
    let endpoint = change.endpoint.address();
    let turned = change.transition.as_str();
    match change.transition {
        Transition::Healthy | Transition::Returned => {
            tracing::info!(%upstream, %endpoint, "endpoint {turned}");
        }
        Transition::Unhealthy | Transition::Ejected { .. } => {
            tracing::warn!(%upstream, %endpoint, why = why.unwrap_or_default(), "endpoint {turned}");
        }
    }
}
