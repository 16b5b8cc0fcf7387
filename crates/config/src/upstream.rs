//! An upstream: a pool of endpoints with its balancing, health, persistence, limits and retries.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use architrave_core::name::UpstreamName;

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
}

/// How an endpoint is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BalanceAlgorithm {
    /// Smooth weighted turns, one cursor for all workers.
    RoundRobin,
    /// The fewest requests in flight per weight.
    LeastRequest,
    /// The lighter loaded of two drawn at random. The default.
    P2cLeastRequest,
    /// The lower peak-EWMA latency times load, of two drawn at random.
    P2cEwma,
    /// Consistent hashing on a ring, with bounded load.
    RingHash,
    /// Consistent hashing by Maglev's table, with bounded load.
    Maglev,
    /// At random, by weight.
    Random,
    /// The first available one, in the order written.
    First,
}

/// What of a request or connection is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOn {
    /// The client's address.
    SourceAddress,
    /// A request header, by lower-case name.
    Header(String),
    /// A cookie.
    Cookie(String),
    /// A query parameter.
    Query(String),
    /// The canonical path.
    Path,
}

/// Where endpoints come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointSource {
    /// One address.
    Address {
        /// The address.
        address: SocketAddr,
        /// Its share of the load, 1 to 1000.
        weight: u32,
        /// Lower is used first.
        priority: u8,
    },
    /// Every A and AAAA record of a name.
    Dns {
        /// The name.
        name: String,
        /// The port at each address.
        port: u16,
        /// The weight of each.
        weight: u32,
        /// Lower is used first.
        priority: u8,
    },
    /// Every SRV record of a name; weight and priority come from the records.
    DnsSrv {
        /// The name, such as `_http._tcp.orders.internal`.
        name: String,
    },
}

/// What is spoken to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamProtocol {
    /// By ALPN over TLS, HTTP/1.1 without.
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 over TLS.
    H2,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
}

/// Whether connections to endpoints begin with a PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendProxyProtocol {
    /// They do not.
    Off,
    /// Version 1, text.
    V1,
    /// Version 2, binary.
    V2,
}

/// TLS to endpoints; verification is on unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UpstreamTls {
    /// The name that is asked for and verified; by default the endpoint's DNS name or address.
    pub server_name: Option<String>,
    /// Trust these authorities instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Present this certificate.
    pub client: Option<crate::CertificateFiles>,
    /// Do not verify the endpoint's certificate at all.
    pub insecure_skip_verify: bool,
}

/// How health is found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Probes; none by default.
    pub active: Option<ActiveHealth>,
    /// Ejection by what traffic shows; on by default.
    pub passive: PassiveHealth,
}

/// Probing on a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveHealth {
    /// What is asked.
    pub check: HealthCheck,
    /// Between the starts of two probes of one endpoint; spread by up to a tenth.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Passes in a row that make it healthy.
    pub rise: u32,
    /// Failures in a row that make it unhealthy.
    pub fall: u32,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// `GET path`, and a status within one of the ranges.
    Http {
        /// The path.
        path: String,
        /// Accepted status ranges, inclusive.
        expect: Vec<(u16, u16)>,
    },
    /// A connection can be made.
    Tcp,
    /// `grpc.health.v1.Health/Check` says SERVING.
    Grpc {
        /// The service asked about; empty for the server as a whole.
        service: String,
    },
}

/// Ejection by what traffic shows.
#[derive(Clone, Debug, PartialEq)]
pub struct PassiveHealth {
    /// Failures in a row that eject; 0 turns it off.
    pub consecutive_failures: u32,
    /// How long, at first; it grows with each ejection up to ten times this.
    pub eject_for: Duration,
    /// At most this share of endpoints is ejected at once.
    pub max_ejected_percent: u8,
    /// At least this many may be ejected whatever the share says; never the last available one.
    pub min_ejectable: u32,
}

impl Default for PassiveHealth {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            eject_for: Duration::from_secs(30),
            max_ejected_percent: 50,
            min_ejectable: 1,
        }
    }
}

/// How a client stays with its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// A signed cookie.
    Cookie {
        /// Its name.
        name: String,
        /// How long it lives.
        ttl: Duration,
    },
    /// A request header's value, by lower-case name.
    Header(String),
    /// The client's address.
    SourceAddress,
}

/// Bounds on what is in flight; 0 means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamLimits {
    /// Connections in use at once, over all workers.
    pub connections_max: u32,
    /// Requests waiting for one of them.
    pub pending_max: u32,
    /// Requests in flight at one endpoint.
    pub requests_per_endpoint_max: u32,
}

/// Bounds on how long an endpoint may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamTimeouts {
    /// TCP connect and TLS handshake.
    pub connect: Duration,
    /// From the request sent to the first byte of the response.
    pub first_byte: Duration,
    /// No byte moving on a response body; for relays and tunnels, silence both ways.
    pub idle: Duration,
}

/// What is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Attempts after the first; 0 turns retries off.
    pub attempts: u32,
    /// Connections that could not be made.
    pub on_connect_failure: bool,
    /// Resets before the first response byte.
    pub on_reset_before_response: bool,
    /// Response statuses.
    pub on_statuses: Vec<u16>,
    /// How long one attempt may take to its response head.
    pub per_try_timeout: Option<Duration>,
    /// Retries as a share of requests in flight, 0 to 100 (at least 3 are always allowed).
    pub budget_percent: u8,
    /// Bytes of request body kept for replay; longer bodies are not retried once sent.
    pub body_bytes_max: usize,
    /// Methods that may be sent twice once bytes of the request may have reached an endpoint.
    pub methods: Vec<String>,
}

/// A second attempt beside the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedge {
    /// When the first has not answered by then.
    pub after: Duration,
}
