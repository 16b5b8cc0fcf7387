//! Asking DNS for the endpoints of one upstream, over and over.
//!
//! An answer holds for its TTL. While none is to be had, the last good one stays: an endpoint
//! that cannot be looked up is not gone. Wherever a source stands in the file, its answer goes to
//! every place that asks the same.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Discovered, Upstream};
use architrave_config::EndpointSource;
use architrave_core::name::UpstreamName;
use architrave_net::dns::{Answer, DnsError, ResolvedEndpoint};
use tokio::sync::watch;

use super::{OwnedTask, Tools};

/// The pause after a first failure; each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Added to every pause, at random up to this, so that many names do not run out at once.
const SPREAD: Duration = Duration::from_millis(100);

/// The look-ups of one upstream; they stop when dropped.
pub(super) struct Discovery {
    tools: Tools,
    upstream: watch::Sender<Arc<Upstream>>,
    tasks: HashMap<Question, OwnedTask>,
}

/// What is asked. Two sources that ask the same are asked about once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Question {
    Addresses { name: String, port: u16 },
    Services { name: String },
}

impl Question {
    fn of(source: &EndpointSource) -> Option<Self> {
        match source {
            EndpointSource::Address { .. } => None,
            EndpointSource::Dns { name, port, .. } => {
                Some(Self::Addresses { name: name.clone(), port: *port })
            }
            EndpointSource::DnsSrv { name } => Some(Self::Services { name: name.clone() }),
        }
    }

    /// The name that is asked for.
    fn name(&self) -> &str {
        match self {
            Self::Addresses { name, .. } | Self::Services { name } => name,
        }
    }

    async fn ask(&self, tools: &Tools) -> Result<Answer, DnsError> {
        match self {
            Self::Addresses { name, port } => tools.resolver.addresses(name, *port).await,
            Self::Services { name } => tools.resolver.services(name).await,
        }
    }
}

impl Discovery {
    pub(super) fn new(tools: Tools, upstream: Arc<Upstream>) -> Self {
        let mut discovery =
            Self { tools, upstream: watch::Sender::new(upstream), tasks: HashMap::new() };
        discovery.fit_tasks();
        discovery
    }

    /// Goes on for `upstream`, which may have replaced the one before. Questions that both ask go
    /// on undisturbed, and what is known is told to the new one at once.
    pub(super) fn follow(&mut self, upstream: &Arc<Upstream>) {
        if !Arc::ptr_eq(&self.upstream.borrow(), upstream) {
            self.upstream.send_replace(Arc::clone(upstream));
            self.fit_tasks();
        }
    }

    fn fit_tasks(&mut self) {
        let upstream = Arc::clone(&self.upstream.borrow());
        let mut before = std::mem::take(&mut self.tasks);
        for question in upstream.config().endpoints.iter().filter_map(Question::of) {
            let task = before.remove(&question);
            self.tasks.entry(question).or_insert_with_key(|question| {
                task.unwrap_or_else(|| {
                    let inquiry = Inquiry {
                        question: question.clone(),
                        tools: self.tools.clone(),
                        name: upstream.name().clone(),
                        known: None,
                        failures: 0,
                    };
                    OwnedTask::start(inquiry.run(self.upstream.subscribe()))
                })
            });
        }
    }
}

/// One question, asked for as long as it is in the configuration.
struct Inquiry {
    question: Question,
    tools: Tools,
    name: UpstreamName,
    /// The last good answer.
    known: Option<Vec<ResolvedEndpoint>>,
    /// Failures in a row.
    failures: u32,
}

impl Inquiry {
    async fn run(mut self, mut upstream: watch::Receiver<Arc<Upstream>>) {
        loop {
            let pause = match self.question.ask(&self.tools).await {
                Ok(answer) => self.succeeded(answer),
                Err(error) => self.failed(&error),
            };
            self.tell(&upstream.borrow_and_update());
            let mut pause = pin!(tokio::time::sleep(pause + SPREAD.mul_f64(fastrand::f64())));
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    replaced = upstream.changed() => {
                        if replaced.is_err() {
                            return;
                        }
                        self.tell(&upstream.borrow_and_update());
                    }
                }
            }
        }
    }

    /// Takes an answer in; says how long it holds.
    fn succeeded(&mut self, answer: Answer) -> Duration {
        if std::mem::take(&mut self.failures) > 0 {
            tracing::info!(upstream = %self.name, name = self.question.name(), "name resolves again");
        }
        let ttl = answer.ttl;
        let known = self.known.take().unwrap_or_default();
        let endpoints = merge(answer, &known);
        if endpoints != known {
            tracing::info!(
                upstream = %self.name, name = self.question.name(),
                before = known.len(), after = endpoints.len(), "endpoints resolved"
            );
        }
        self.known = Some(endpoints);
        ttl
    }

    /// Takes a failure in; says how long to wait. The log hears of the first in a row.
    fn failed(&mut self, error: &DnsError) -> Duration {
        if self.failures == 0 {
            let kept = self.known.as_ref().map_or(0, Vec::len);
            tracing::warn!(upstream = %self.name, %error, kept, "name does not resolve");
        }
        let backoff = BACKOFF_FIRST.saturating_mul(1 << self.failures.min(10)).min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        backoff.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Tells the upstream what is known, at every place that asks for it.
    fn tell(&self, upstream: &Upstream) {
        let Some(known) = &self.known else { return };
        let now = self.tools.clock.now();
        for (place, source) in upstream.config().endpoints.iter().enumerate() {
            if Question::of(source).as_ref() == Some(&self.question) {
                let endpoints: Vec<_> =
                    known.iter().map(|endpoint| discovered(endpoint, source)).collect();
                upstream.set_discovered(place, &endpoints, now);
            }
        }
    }
}

/// The endpoints of an answer, and those of the last one that it leaves open.
fn merge(answer: Answer, known: &[ResolvedEndpoint]) -> Vec<ResolvedEndpoint> {
    let is_there =
        |one: &&ResolvedEndpoint| answer.endpoints.iter().any(|two| two.address == one.address);
    let kept: Vec<_> = known
        .iter()
        .filter(|endpoint| answer.leaves_open(endpoint) && !is_there(endpoint))
        .cloned()
        .collect();
    let mut endpoints = answer.endpoints;
    endpoints.extend(kept);
    endpoints.sort();
    endpoints
}

/// An endpoint as its upstream takes it: A and AAAA records know no weight or priority, so the
/// source's own count.
fn discovered(endpoint: &ResolvedEndpoint, source: &EndpointSource) -> Discovered {
    let (weight, priority) = match source {
        EndpointSource::Address { weight, priority, .. }
        | EndpointSource::Dns { weight, priority, .. } => (*weight, u16::from(*priority)),
        EndpointSource::DnsSrv { .. } => (endpoint.weight, endpoint.priority),
    };
    Discovered {
        address: endpoint.address,
        weight,
        priority,
        server_name: Some(endpoint.server_name.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use architrave_core::Clock;
    use architrave_net::dns::{Gap, Resolver};

    use super::*;

    fn endpoint(address: &str) -> ResolvedEndpoint {
        ResolvedEndpoint {
            priority: 0,
            address: address.parse().unwrap(),
            weight: 1,
            server_name: "orders.internal".into(),
        }
    }

    fn answer(addresses: &[&str], gaps: Vec<Gap>) -> Answer {
        let endpoints = addresses.iter().map(|address| endpoint(address)).collect();
        Answer { endpoints, ttl: Duration::from_secs(7), gaps }
    }

    fn inquiry() -> Inquiry {
        let resolver = Resolver::with_name_server(([127, 0, 0, 1], 9).into());
        Inquiry {
            question: Question::Services { name: "orders.internal".into() },
            tools: Tools { resolver: Arc::new(resolver), clock: Clock::manual() },
            name: UpstreamName::new("orders"),
            known: None,
            failures: 0,
        }
    }

    #[test]
    fn only_what_an_answer_leaves_open_is_kept() {
        let mut inquiry = inquiry();
        let ttl = inquiry.succeeded(answer(&["192.0.2.1:80", "[2001:db8::1]:80"], vec![]));
        assert_eq!(ttl, Duration::from_secs(7));
        let gap = Gap { server_name: "orders.internal".into(), is_ipv6: true };
        inquiry.succeeded(answer(&["192.0.2.2:80"], vec![gap]));
        let expect = [endpoint("192.0.2.2:80"), endpoint("[2001:db8::1]:80")];
        assert_eq!(inquiry.known.as_deref(), Some(&expect[..]));
        inquiry.succeeded(answer(&["192.0.2.2:80"], vec![]));
        assert_eq!(inquiry.known.as_deref(), Some(&expect[..1]));
    }

    #[test]
    fn pauses_after_failures_grow_within_bounds() {
        let mut inquiry = inquiry();
        inquiry.succeeded(answer(&["192.0.2.1:80"], vec![]));
        let error = DnsError::NoSuchName { name: "orders.internal".into() };
        for whole in [1, 2, 4, 8, 16, 30, 30, 30] {
            let pause = inquiry.failed(&error).as_secs_f64();
            let whole = f64::from(whole);
            assert!((whole / 2.0..=whole).contains(&pause), "{pause} of {whole}");
        }
        inquiry.failures = u32::MAX;
        assert!(inquiry.failed(&error) <= BACKOFF_MAX);
        assert_eq!(inquiry.known.as_deref(), Some(&[endpoint("192.0.2.1:80")][..]));
        inquiry.succeeded(answer(&["192.0.2.1:80"], vec![]));
        assert!(inquiry.failed(&error) <= BACKOFF_FIRST);
    }
}
