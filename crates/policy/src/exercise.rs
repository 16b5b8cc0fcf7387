//! For the tests of this crate: one request put through one chain, with everything at hand.
//!
//! Not a mock: the chains are built from a snapshot by the builder that ships.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use architrave_config::{
    Consumer, ConsumerCredential, ConsumerLimits, Lifecycle, ListenerIndex, ListenerLimits,
    ListenerProtocol, ListenerTimeouts, PolicySet, Route, RouteIndex, Service, ServiceIndex,
    ServiceKind, Sharing, Snapshot, UpstreamIndex,
};
use architrave_core::name::{ConsumerName, ListenerName, RouteName, ServiceName};
use architrave_core::units::Rate;
use architrave_core::{Clock, Moment, Reason, Secret};
use architrave_net::{Framing, Method, RequestHead, ResponseHead};

use crate::ledger::Ledger;

use crate::{
    Admission, Chain, ChainBuilder, Directory, RateLimiters, Reply, RequestView, ResponseView,
    Verdict,
};

/// The policies of every level but the consumers'.
#[derive(Default)]
pub(crate) struct Levels {
    pub(crate) all: PolicySet,
    pub(crate) listener: PolicySet,
    pub(crate) service: PolicySet,
    pub(crate) route: PolicySet,
}

impl Levels {
    pub(crate) fn route(route: PolicySet) -> Self {
        Self { route, ..Self::default() }
    }

    /// A snapshot with one listener, one service and one route.
    pub(crate) fn snapshot(&self, consumers: Vec<Consumer>) -> Snapshot {
        Snapshot {
            listeners: vec![Arc::new(listener(self.listener.clone()))],
            services: vec![Arc::new(Service {
                name: ServiceName::new("orders"),
                kind: ServiceKind::Http { upstream: UpstreamIndex(0) },
                lifecycle: Lifecycle::PUBLISHED,
                policies: Arc::new(self.service.clone()),
                sharing: Sharing::PRIVATE,
                version: None,
                api: None,
                log_bodies: None,
                redact: None,
            })],
            routes: vec![Arc::new(route(self.route.clone()))],
            consumers: consumers.into_iter().map(Arc::new).collect(),
            policies: Arc::new(self.all.clone()),
            ..Snapshot::default()
        }
    }

    pub(crate) fn chain(&self, consumers: Vec<Consumer>) -> Arc<Chain> {
        chain_of(&self.snapshot(consumers), &RateLimiters::default())
    }
}

/// A directory without applications.
pub(crate) fn nobody() -> Arc<Directory> {
    Arc::new(Directory::new(Clock::manual(), Arc::new(Ledger::in_memory())))
}

/// The chain of the only route of a snapshot.
pub(crate) fn chain_of(snapshot: &Snapshot, limiters: &RateLimiters) -> Arc<Chain> {
    ChainBuilder::new(snapshot, limiters, &nobody()).chain(
        ListenerIndex(0),
        Some(RouteIndex(0)),
        Some(ServiceIndex(0)),
    )
}

/// The chain of one policy set on a route, for two consumers: `mobile` with the key `key-mobile`
/// and `desk` with the name `ann` and the password `s3cret`.
pub(crate) fn chain(policies: PolicySet) -> Arc<Chain> {
    Levels::route(policies).chain(vec![mobile(), desk()])
}

pub(crate) fn mobile() -> Consumer {
    consumer("mobile", ConsumerCredential::ApiKey(Secret::new("key-mobile")))
}

pub(crate) fn desk() -> Consumer {
    let password = Secret::new("s3cret");
    consumer("desk", ConsumerCredential::Basic { username: "ann".into(), password })
}

fn consumer(name: &str, credential: ConsumerCredential) -> Consumer {
    Consumer {
        name: ConsumerName::new(name),
        credentials: vec![credential],
        models: None,
        limits: ConsumerLimits::default(),
        budgets: Vec::new(),
        policies: Arc::default(),
    }
}

pub(crate) const fn per_second(count: u64) -> Rate {
    Rate { count, per: Duration::from_secs(1) }
}

/// One request and what became of it.
pub(crate) struct Exchange {
    pub(crate) head: RequestHead,
    pub(crate) path: String,
    pub(crate) client: IpAddr,
    pub(crate) is_tls: bool,
    pub(crate) framing: Framing,
    pub(crate) now: Moment,
    pub(crate) admission: Admission,
}

impl Exchange {
    /// A request as the codec would hand it over.
    pub(crate) fn new(method: &str, target: &str, fields: &[(&str, &str)]) -> Self {
        let mut head = RequestHead {
            method: Method::from_token(method),
            authority: "api.example.com".into(),
            target: target.into(),
            ..RequestHead::default()
        };
        for (name, value) in fields {
            head.fields.append(name, value.as_bytes());
        }
        Self {
            path: head.path().to_owned(),
            head,
            client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)),
            is_tls: false,
            framing: Framing::Empty,
            now: Moment::from_nanos(1_000_000_000),
            admission: Admission::default(),
        }
    }

    pub(crate) fn get(target: &str, fields: &[(&str, &str)]) -> Self {
        Self::new("GET", target, fields)
    }

    /// Admits it; the reply, if there is one.
    pub(crate) fn admit(&mut self, chain: &Chain) -> Option<Reply> {
        let verdict = chain.admit(&mut RequestView {
            head: &mut self.head,
            path: &mut self.path,
            operation: None,
            client: self.client,
            is_tls: self.is_tls,
            framing: self.framing,
            now: self.now,
            admission: &mut self.admission,
        });
        match verdict {
            Verdict::Continue => None,
            Verdict::Reply(reply) => Some(reply),
        }
    }

    /// Admits it; the reason of a refusal.
    pub(crate) fn refusal(&mut self, chain: &Chain) -> Option<Reason> {
        self.admit(chain).and_then(|reply| reply.reason)
    }

    /// The fields of the response to it, after the response policies.
    pub(crate) fn respond(&self, chain: &Chain, fields: &[(&str, &str)]) -> Vec<String> {
        let mut head = ResponseHead { status: 200, ..ResponseHead::default() };
        for (name, value) in fields {
            head.fields.append(name, value.as_bytes());
        }
        chain.respond(&mut ResponseView { head: &mut head, admission: &self.admission });
        lines(&head.fields)
    }

    /// The fields that the service gets to see.
    pub(crate) fn forwarded(&self) -> Vec<String> {
        lines(&self.head.fields)
    }
}

/// Fields as `name: value`.
pub(crate) fn lines(fields: &architrave_net::Fields) -> Vec<String> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    fields.iter().map(|field| format!("{}: {}", text(field.name), text(field.value))).collect()
}

fn listener(policies: PolicySet) -> architrave_config::Listener {
    let second = Duration::from_secs(1);
    architrave_config::Listener {
        name: ListenerName::new("web"),
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: 0..=0,
        protocol: ListenerProtocol::Http,
        proxy_protocol: false,
        trusted_proxies: Vec::new(),
        limits: ListenerLimits {
            head_bytes_max: 65_536,
            headers_max: 100,
            uri_bytes_max: 8_192,
            body_bytes_per_second_min: 0,
            connections_max: 100,
        },
        timeouts: ListenerTimeouts {
            handshake: second,
            head: second,
            idle: second,
            body_stall: second,
            body_grace: second,
            write_stall: second,
        },
        policies: Arc::new(policies),
    }
}

fn route(policies: PolicySet) -> Route {
    Route {
        name: RouteName::new("orders"),
        listeners: vec![ListenerIndex(0)],
        hosts: Vec::new(),
        matches: Vec::new(),
        policies: Arc::new(policies),
        timeout: None,
        services: Vec::new(),
        mirror: None,
        keep_prefix: true,
        empty_lists: Vec::new(),
        keep_spelling: false,
    }
}
