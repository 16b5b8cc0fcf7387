//! How endpoints are spoken to: protocol, TLS, and the bounds on connections and waiting.

use std::path::PathBuf;
use std::time::Duration;

use crate::CertificateFiles;
use crate::read::{Count, FilePath, Host, Scope, Span, empty, record, words};

words! {
    /// What is spoken to an endpoint.
    pub enum UpstreamProtocol {
        /// By ALPN over TLS, HTTP/1.1 without. The default.
        Auto = "auto",
        /// HTTP/1.1.
        Http1 = "http1",
        /// HTTP/2 over TLS.
        H2 = "h2",
        /// HTTP/2 without TLS, by prior knowledge.
        H2c = "h2c",
    }
}

words! {
    /// Whether connections to endpoints begin with a PROXY header.
    pub enum SendProxyProtocol {
        /// They do not. The default.
        Off = "off",
        /// Version 1, text.
        V1 = "v1",
        /// Version 2, binary.
        V2 = "v2",
    }
}

/// TLS to endpoints; verification is on unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UpstreamTls {
    /// The name that is asked for and verified; by default the endpoint's DNS name or address.
    pub server_name: Option<String>,
    /// Trust these authorities instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Present this certificate.
    pub client: Option<CertificateFiles>,
    /// Do not verify the endpoint's certificate at all.
    pub insecure_skip_verify: bool,
}

record! {
    /// TLS to endpoints; verification is on unless said otherwise.
    #[derive(Debug)]
    pub(super) struct UpstreamTlsWritten => UpstreamTls by finish {
        /// The name that is asked for and verified; by default the endpoint's DNS name or address.
        "server_name": Option<Host> = None => server_name: Option<String>,
        /// Trust the authorities in this file instead of the system's.
        "ca_file": Option<FilePath> = None => ca_file: Option<PathBuf>,
        /// Present the certificate in this file; needs `client_key_file`.
        "client_cert_file": Option<FilePath> = None => client_cert_file: Option<PathBuf>,
        /// The key of that certificate.
        "client_key_file": Option<FilePath> = None => client_key_file: Option<PathBuf>,
        /// Do not verify the endpoint's certificate at all.
        "insecure_skip_verify": bool = false => insecure_skip_verify: bool,
    }
}

impl UpstreamTlsWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<UpstreamTls> {
        if scope.has("client_cert_file") != scope.has("client_key_file") {
            scope.refuse("`client_cert_file` and `client_key_file` go together");
        }
        let client = self.client_cert_file.zip(self.client_key_file);
        Some(UpstreamTls {
            server_name: self.server_name,
            ca_file: self.ca_file,
            client: client.map(|(cert_file, key_file)| CertificateFiles { cert_file, key_file }),
            insecure_skip_verify: self.insecure_skip_verify,
        })
    }
}

/// As many as a middling server serves at once.
const CONNECTIONS_MAX: u32 = 1024;
/// As many again may wait; more would only time out.
const PENDING_MAX: u32 = 1024;
/// A connect within a data centre takes a millisecond; one lost packet costs a second.
const CONNECT: Duration = Duration::from_secs(2);
/// Slow reports exist; a minute is what browsers and other proxies wait.
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// As on the listener's side.
const IDLE: Duration = Duration::from_secs(60);

record! {
    /// Bounds on what is in flight; 0 means no limit.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpstreamLimits {
        /// Requests, tunnels and relays at once, over all workers; not sockets: a kept connection
        /// that nobody uses does not count, and requests that share one count each.
        "connections": Count<u32, 0, 10_000_000> = CONNECTIONS_MAX => pub connections_max: u32,
        /// Requests that wait until there is room for them, each no longer than `timeouts.connect`;
        /// further ones get a 503 at once.
        "pending": Count<u32, 0, 10_000_000> = PENDING_MAX => pub pending_max: u32,
        /// Requests in flight at one endpoint; when every endpoint has so many, requests wait as for
        /// `connections`.
        "requests_per_endpoint": Count<u32, 0, 10_000_000> = 0
            => pub requests_per_endpoint_max: u32,
    }
}

record! {
    /// Bounds on how long an endpoint may take.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpstreamTimeouts {
        /// TCP connect and TLS handshake; and as long again may a request wait for room before it.
        "connect": Span = CONNECT => pub connect: Duration,
        /// From the request sent to the first byte of the response.
        "first_byte": Span = FIRST_BYTE => pub first_byte: Duration,
        /// No byte moving on a response body; for relays and tunnels, silence both ways; for kept
        /// connections, no request.
        "idle": Span = IDLE => pub idle: Duration,
    }
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        empty::<Self>()
    }
}

impl Default for UpstreamTimeouts {
    fn default() -> Self {
        empty::<Self>()
    }
}
