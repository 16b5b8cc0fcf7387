//! A listener: an address, a protocol and the limits under which connections are accepted there.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::name::ListenerName;
use ipnet::IpNet;

use crate::snapshot::UpstreamIndex;
use crate::PolicySet;

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
    /// Whose `X-Forwarded-*` and PROXY headers are believed.
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

/// The TLS settings of an `https` listener.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerTls {
    /// At least one; chosen by server name, the first is the default.
    pub certificates: Vec<CertificateFiles>,
    /// When set, clients must present a certificate that one of these signed.
    pub client_ca_file: Option<PathBuf>,
}

/// Where a certificate chain and its key are, as PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateFiles {
    /// The chain, leaf first.
    pub cert_file: PathBuf,
    /// The private key (PKCS#8, SEC1 or PKCS#1).
    pub key_file: PathBuf,
}

/// Bounds on what a client may send or hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Bytes of a request head, request line included.
    pub head_bytes_max: usize,
    /// Fields of a request head (and of its trailers).
    pub headers_max: usize,
    /// Bytes of a request target.
    pub uri_bytes_max: usize,
    /// Connections open at once, over all workers.
    pub connections_max: usize,
}

/// Bounds on how long a client may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTimeouts {
    /// PROXY header and TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a request head to its last.
    pub head: Duration,
    /// Between exchanges on a kept connection; for tunnels and relays, silence both ways.
    pub idle: Duration,
    /// No byte of a request body arriving.
    pub body_stall: Duration,
    /// No byte of a response being taken.
    pub write_stall: Duration,
}

/// One rule of layer 4: where it matches, connections go to its upstream. Empty lists match all.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardRule {
    /// The client's address.
    pub source: Vec<IpNet>,
    /// The client's port.
    pub source_ports: Vec<RangeInclusive<u16>>,
    /// The address the client connected to.
    pub destination: Vec<IpNet>,
    /// The port the client connected to.
    pub destination_ports: Vec<RangeInclusive<u16>>,
    /// Server names, exact or `*.example.com`, lower case (`tls` only).
    pub sni: Vec<String>,
    /// Protocols offered by ALPN (`tls` only).
    pub alpn: Vec<String>,
    /// Where it goes.
    pub upstream: UpstreamIndex,
    /// How long a UDP flow may be silent (`udp` only).
    pub flow_idle: Duration,
}
