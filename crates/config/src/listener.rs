//! A listener: an address, a protocol and the limits under which connections are accepted there.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::name::ListenerName;
use ipnet::IpNet;

use crate::PolicySet;
use crate::read::{
    Cidr, Count, FilePath, List, NonEmpty, Ports, Ref, ServerName, Size, Span, Text, empty, record,
};
use crate::snapshot::UpstreamIndex;

mod written;

pub(crate) use written::ListenerWritten;

/// Where connections or datagrams are accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// Its name.
    pub name: ListenerName,
    /// The address; a wildcard such as `0.0.0.0` or `::` is allowed.
    pub ip: IpAddr,
    /// One port or a range; 0 (alone) asks the system for one.
    pub ports: RangeInclusive<u16>,
    /// What is spoken there.
    pub protocol: ListenerProtocol,
    /// Whether every connection must begin with a PROXY header (v1 or v2).
    /// It is believed only from [`Listener::trusted_proxies`]; others are closed.
    pub proxy_protocol: bool,
    /// Whose `X-Forwarded-*`, `Forwarded` and PROXY headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds on what a client may send or hold.
    pub limits: ListenerLimits,
    /// Bounds on how long a client may take.
    pub timeouts: ListenerTimeouts,
    /// Policies of this listener.
    pub policies: Arc<PolicySet>,
}

/// What is spoken on a listener.
#[derive(Clone, Debug, PartialEq)]
pub enum ListenerProtocol {
    /// HTTP/1.1, and HTTP/2 by prior knowledge.
    Http,
    /// The same over TLS, chosen by ALPN.
    Https(ListenerTls),
    /// Raw TCP, forwarded by the first rule that matches.
    Tcp(Vec<ForwardRule>),
    /// TLS that is not decrypted: forwarded by what the ClientHello says.
    Tls(Vec<ForwardRule>),
    /// UDP flows.
    Udp(Vec<ForwardRule>),
}

/// What a request head may take: four times what browsers send with many cookies, small enough
/// that 10,000 of them at once fit in memory.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Fields that honest clients send stay below 50.
const HEADERS_MAX: usize = 100;
/// What browsers, caches and servers agree to carry.
const URI_BYTES_MAX: usize = 8 << 10;
/// A head is held whole, on every connection at once if clients wish; what is larger is a body.
const HEAD_BYTES_CAP: u64 = 8 << 20;
/// What HTTP/1.1 and HTTP/2 both take; each field costs far more memory than its bytes.
const HEADERS_CAP: u64 = 1024;
/// Faster than this no client can be asked to be.
const BODY_RATE_CAP: u64 = 1 << 30;
/// Fits the usual limit of file descriptors with one upstream connection for each.
const CONNECTIONS_MAX: usize = 10_000;
/// A handshake is three round trips of at most a second, with room for loss.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A head fits a few packets; slower than this is an attack.
const HEAD: Duration = Duration::from_secs(10);
/// Long enough for a person to click again, short enough to give memory back.
const IDLE: Duration = Duration::from_secs(60);
/// Of a phone in a tunnel.
const STALL: Duration = Duration::from_secs(30);
/// A packet every five seconds: the slowest mobile network is ten times quicker, and whoever means
/// to hold a place by sending next to nothing must send something.
const BODY_BYTES_PER_SECOND_MIN: u64 = 256;
/// Of a phone that looks for its network, and of a client that thinks before it sends.
const BODY_GRACE: Duration = Duration::from_secs(10);
/// DNS-like exchanges take milliseconds; game and QUIC flows send more often than this.
const FLOW_IDLE: Duration = Duration::from_secs(30);

record! {
    /// The TLS settings of an `https` listener.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ListenerTls {
        /// At least one; chosen by server name, the first is the default.
        "certificates": NonEmpty<CertificateFiles> => pub certificates: Vec<CertificateFiles>,
        /// When set, clients must present a certificate that one of these signed.
        "client_ca_file": Option<FilePath> = None => pub client_ca_file: Option<PathBuf>,
    }
}

record! {
    /// Where a certificate chain and its key are, as PEM.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct CertificateFiles {
        /// The chain, leaf first.
        "cert_file": FilePath => pub cert_file: PathBuf,
        /// The private key (PKCS#8, SEC1 or PKCS#1).
        "key_file": FilePath => pub key_file: PathBuf,
    }
}

record! {
    /// Bounds on what a client may send or hold.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListenerLimits {
        /// Bytes of a request head, request line included; at most `8MiB`.
        "head": Size<usize, 1024, HEAD_BYTES_CAP> = HEAD_BYTES_MAX => pub head_bytes_max: usize,
        /// Fields of a request head (and of its trailers).
        "headers": Count<usize, 1, HEADERS_CAP> = HEADERS_MAX => pub headers_max: usize,
        /// Bytes of a request target; at most `8MiB`.
        "uri": Size<usize, 64, HEAD_BYTES_CAP> = URI_BYTES_MAX => pub uri_bytes_max: usize,
        /// Bytes that a request body must bring per second on the whole, until its response begins;
        /// `0B`: no such bound. Only the time counts in which the client is waited for, and
        /// `timeouts.body_grace` is granted on top. gRPC over HTTP/2 on both sides may be silent.
        "body_rate": Size<u64, 0, BODY_RATE_CAP> = BODY_BYTES_PER_SECOND_MIN
            => pub body_bytes_per_second_min: u64,
        /// Connections open at once, over all workers.
        "connections": Count<usize, 1, 10_000_000> = CONNECTIONS_MAX => pub connections_max: usize,
    }
}

record! {
    /// Bounds on how long a client may take.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListenerTimeouts {
        /// PROXY header and TLS handshake.
        "handshake": Span = HANDSHAKE => pub handshake: Duration,
        /// From the first byte of a request head to its last.
        "head": Span = HEAD => pub head: Duration,
        /// Between exchanges on a kept connection; for tunnels and relays, silence both ways.
        "idle": Span = IDLE => pub idle: Duration,
        /// No byte of a request body arriving.
        "body_stall": Span = STALL => pub body_stall: Duration,
        /// For how long a request body may be waited for beyond the time that `limits.body_rate`
        /// grants it.
        "body_grace": Span = BODY_GRACE => pub body_grace: Duration,
        /// No byte of a response being taken.
        "write_stall": Span = STALL => pub write_stall: Duration,
    }
}

record! {
    /// One rule of layer 4: where it matches, connections go to its upstream. Empty lists match
    /// all.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ForwardRule {
        /// The client's address.
        "source": List<Cidr> = Vec::new() => pub source: Vec<IpNet>,
        /// The client's port.
        "source_ports": List<Ports> = Vec::new() => pub source_ports: Vec<RangeInclusive<u16>>,
        /// The address the client connected to.
        "destination": List<Cidr> = Vec::new() => pub destination: Vec<IpNet>,
        /// The port the client connected to.
        "destination_ports": List<Ports> = Vec::new()
            => pub destination_ports: Vec<RangeInclusive<u16>>,
        /// Server names, exact or `*.example.com`, lower case (`tls` only).
        "sni": List<ServerName> = Vec::new() => pub sni: Vec<String>,
        /// Protocols offered by ALPN (`tls` only).
        "alpn": List<Text> = Vec::new() => pub alpn: Vec<String>,
        /// Where it goes.
        "upstream": Ref<UpstreamIndex> => pub upstream: UpstreamIndex,
        /// How long a UDP flow may be silent (`udp` only).
        "flow_idle": Span = FLOW_IDLE => pub flow_idle: Duration,
    }
}

impl Default for ListenerLimits {
    fn default() -> Self {
        empty::<Self>()
    }
}

impl Default for ListenerTimeouts {
    fn default() -> Self {
        empty::<Self>()
    }
}
