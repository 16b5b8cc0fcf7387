//! An upstream: a pool of endpoints with its balancing, health, persistence, limits and retries.

mod balance;
mod endpoint;
mod health;
mod retry;
mod transport;
mod written;

use std::time::Duration;

use architrave_core::name::UpstreamName;

pub use balance::{BalanceAlgorithm, HashOn, Persistence};
pub use endpoint::EndpointSource;
pub use health::{ActiveHealth, Health, HealthCheck, PassiveHealth};
pub use retry::{Hedge, Retry};
pub use transport::{
    SendProxyProtocol, UpstreamLimits, UpstreamProtocol, UpstreamTimeouts, UpstreamTls,
};
pub(crate) use written::UpstreamWritten;

/// A pool of endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// Its name.
    pub name: UpstreamName,
    /// How one of them is chosen.
    pub balance: BalanceAlgorithm,
    /// What `ring_hash` and `maglev` hash.
    pub hash_on: HashOn,
    /// The load at which a hashed endpoint is passed over, as a multiple of the mean; over 1.
    pub hash_bound: f64,
    /// Where the endpoints come from; at least one.
    pub endpoints: Vec<EndpointSource>,
    /// What is spoken to them.
    pub protocol: UpstreamProtocol,
    /// Whether connections begin with a PROXY header.
    pub send_proxy_protocol: SendProxyProtocol,
    /// Set when TLS is spoken to the endpoints.
    pub tls: Option<UpstreamTls>,
    /// How health is found out.
    pub health: Health,
    /// How long a new or returning endpoint takes to its full weight; zero turns it off.
    pub slow_start: Duration,
    /// Below this share of available endpoints (0 to 100), all are used; 0 turns it off.
    pub panic_threshold_percent: u8,
    /// How a client stays with its endpoint.
    pub persistence: Option<Persistence>,
    /// Bounds on what is in flight.
    pub limits: UpstreamLimits,
    /// Bounds on how long an endpoint may take.
    pub timeouts: UpstreamTimeouts,
    /// What is tried again, and how often.
    pub retry: Retry,
    /// When a second attempt is started beside the first.
    pub hedge: Option<Hedge>,
    /// How far its endpoints may lie. What is written under `upstreams` is bounded only where it says
    /// so.
    pub egress: Egress,
}

/// How far endpoints may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Egress {
    /// Anywhere: an operator has written them as an upstream.
    #[default]
    Anywhere,
    /// Anywhere but at a cloud's metadata service.
    NoMetadata,
    /// On the open internet alone.
    Public,
}

impl Upstream {
    /// An upstream of these endpoints, everything else being as it is where nothing is written.
    #[must_use]
    pub fn new(name: UpstreamName, endpoints: Vec<EndpointSource>) -> Self {
        Self {
            name,
            balance: BalanceAlgorithm::P2cLeastRequest,
            hash_on: HashOn::SourceAddress,
            hash_bound: written::HASH_BOUND,
            endpoints,
            protocol: UpstreamProtocol::Auto,
            send_proxy_protocol: SendProxyProtocol::Off,
            tls: None,
            health: Health::default(),
            slow_start: Duration::ZERO,
            panic_threshold_percent: 0,
            persistence: None,
            limits: UpstreamLimits::default(),
            timeouts: UpstreamTimeouts::default(),
            retry: Retry::default(),
            hedge: None,
            egress: Egress::Anywhere,
        }
    }
}
