//! What the tests of this crate share: a configured upstream, a cast of endpoints, and a clock
//! that the test moves.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_config as config;
use architrave_config::{BalanceAlgorithm, EndpointSource};
use architrave_core::Moment;
use architrave_core::name::UpstreamName;

use crate::{Criteria, Discovered, Endpoint, Load, Outcome, Unavailable, Upstream};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Every algorithm that spreads requests, so that nobody may starve under it.
pub(crate) const SPREADING: [BalanceAlgorithm; 5] = [
    BalanceAlgorithm::RoundRobin,
    BalanceAlgorithm::LeastRequest,
    BalanceAlgorithm::P2cLeastRequest,
    BalanceAlgorithm::P2cEwma,
    BalanceAlgorithm::Random,
];

/// The algorithms that hash.
pub(crate) const HASHING: [BalanceAlgorithm; 2] =
    [BalanceAlgorithm::RingHash, BalanceAlgorithm::Maglev];

/// Every algorithm.
pub(crate) fn every_algorithm() -> impl Iterator<Item = BalanceAlgorithm> {
    SPREADING.into_iter().chain(HASHING).chain([BalanceAlgorithm::First])
}

/// The address of the endpoint with this number.
pub(crate) fn address(number: u16) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    SocketAddr::from(([10, 0, high, low], 8080))
}

/// An endpoint as DNS or the admin API names it.
pub(crate) fn discovered(number: u16) -> Discovered {
    Discovered { address: address(number), weight: 1, priority: 0, server_name: None }
}

/// An upstream of `weights.len()` endpoints, numbered from 0, with nothing switched on.
pub(crate) fn upstream(balance: BalanceAlgorithm, weights: &[u32]) -> config::Upstream {
    let endpoints = (0..).zip(weights).map(|(number, &weight)| EndpointSource::Address {
        address: address(number),
        weight,
        priority: 0,
    });
    config::Upstream {
        name: UpstreamName::new("orders"),
        balance,
        hash_on: config::HashOn::SourceAddress,
        hash_bound: 1.25,
        endpoints: endpoints.collect(),
        protocol: config::UpstreamProtocol::Auto,
        send_proxy_protocol: config::SendProxyProtocol::Off,
        tls: None,
        health: config::Health::default(),
        slow_start: Duration::ZERO,
        panic_threshold_percent: 0,
        persistence: None,
        limits: config::UpstreamLimits {
            connections_max: 0,
            pending_max: 0,
            requests_per_endpoint_max: 0,
        },
        timeouts: config::UpstreamTimeouts {
            connect: 2 * SECOND,
            first_byte: 60 * SECOND,
            idle: 60 * SECOND,
        },
        retry: config::Retry {
            attempts: 2,
            on_connect_failure: true,
            on_reset_before_response: true,
            on_statuses: Vec::new(),
            per_try_timeout: None,
            backoff: Duration::ZERO,
            budget_percent: 20,
            body_bytes_max: 65_536,
            methods: Vec::new(),
        },
        hedge: None,
        egress: architrave_config::Egress::Anywhere,
    }
}

/// Probes of this kind, so that `report_probe` is listened to.
pub(crate) fn active(rise: u32, fall: u32) -> Option<config::ActiveHealth> {
    Some(config::ActiveHealth {
        check: config::HealthCheck::Tcp,
        interval: 5 * SECOND,
        timeout: 2 * SECOND,
        rise,
        fall,
    })
}

/// A live upstream with its own time and chance.
pub(crate) struct Stage {
    pub(crate) upstream: Upstream,
    pub(crate) now: Moment,
    random: RefCell<fastrand::Rng>,
}

impl Stage {
    pub(crate) fn new(config: config::Upstream) -> Self {
        let now = Moment::ZERO + SECOND;
        let upstream = Upstream::new(Arc::new(config), None, now);
        Self { upstream, now, random: RefCell::new(fastrand::Rng::with_seed(7)) }
    }

    /// Reloads with another configuration.
    pub(crate) fn reload(&mut self, config: config::Upstream) {
        self.upstream = Upstream::new(Arc::new(config), Some(&self.upstream), self.now);
        self.upstream.refresh(self.now);
    }

    /// Lets time pass, with a refresh at its end.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = self.now + span;
        self.upstream.refresh(self.now);
    }

    pub(crate) fn endpoint(&self, number: u16) -> Arc<Endpoint> {
        self.upstream.endpoint(address(number)).expect("the endpoint is a member")
    }

    pub(crate) fn select(&self, criteria: &Criteria<'_>) -> Result<Arc<Endpoint>, Unavailable> {
        self.upstream.select_endpoint(criteria, self.now, &mut self.random.borrow_mut())
    }

    /// The number of the endpoint that a request with this hash goes to.
    pub(crate) fn pick(&self, hash: u64) -> u16 {
        let endpoint = self.select(&Criteria { hash, ..Criteria::default() });
        number(&endpoint.expect("somebody is available"))
    }

    pub(crate) fn begin(&self, number: u16) -> Load {
        self.endpoint(number).begin(self.now)
    }

    /// Lets one attempt at an endpoint end like this, at once.
    pub(crate) fn attempt(&self, number: u16, outcome: Outcome) -> Option<crate::Transition> {
        self.begin(number).finish(outcome, self.now)
    }

    /// Ejects an endpoint, if the rules let it be ejected.
    pub(crate) fn fail_until_ejected(&self, number: u16) -> Option<crate::Transition> {
        let enough = self.upstream.config().health.passive.consecutive_failures;
        (0..enough).filter_map(|_| self.attempt(number, Outcome::Failure)).last()
    }

    /// How many of `count` requests, each over before the next, go to each of `endpoints`.
    pub(crate) fn spread(&self, count: usize, endpoints: usize) -> Vec<usize> {
        let mut picks = vec![0; endpoints];
        for _ in 0..count {
            let hash = self.random.borrow_mut().u64(..);
            picks[usize::from(self.pick(hash))] += 1;
        }
        picks
    }
}

/// The number of an endpoint, as [`address`] made its address.
pub(crate) fn number(endpoint: &Endpoint) -> u16 {
    match endpoint.address() {
        SocketAddr::V4(address) => {
            let [_, _, high, low] = address.ip().octets();
            u16::from_be_bytes([high, low])
        }
        SocketAddr::V6(_) => panic!("the cast lives on IPv4"),
    }
}

/// A little world for the questions that only time answers: requests come at even intervals,
/// each endpoint serves one after the other (or all at once, when it is `parallel`), and its
/// service time is what `serve` says.
pub(crate) struct Traffic<'a> {
    pub(crate) every: Duration,
    pub(crate) parallel: bool,
    pub(crate) serve: &'a dyn Fn(u16, Moment) -> (Duration, Outcome),
}

impl Traffic<'_> {
    /// Lets requests flow for `span`; how many went to each of `endpoints`.
    pub(crate) fn flow(&self, stage: &mut Stage, span: Duration, endpoints: usize) -> Vec<usize> {
        let end = stage.now + span;
        let mut picks = vec![0; endpoints];
        let mut free_at = vec![stage.now; endpoints];
        let mut open: Vec<(Moment, Load, Outcome)> = Vec::new();
        let mut refresh_at = stage.now;
        while stage.now < end {
            let now = stage.now;
            open.sort_by_key(|(done, ..)| *done);
            let done = open.partition_point(|(done, ..)| *done <= now);
            for (done, load, outcome) in open.drain(..done) {
                load.finish(outcome, done);
            }
            if refresh_at <= now {
                stage.upstream.refresh(now);
                refresh_at = now + SECOND / 10;
            }
            let number = stage.pick(now.as_nanos());
            let place = usize::from(number);
            picks[place] += 1;
            let (service, outcome) = (self.serve)(number, now);
            let start = if self.parallel { now } else { free_at[place].max(now) };
            free_at[place] = start + service;
            open.push((free_at[place], stage.begin(number), outcome));
            stage.now = now + self.every;
        }
        picks
    }
}
