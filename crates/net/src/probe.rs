//! Active health checks on the wire: one connection, one question, one verdict.
//!
//! What the verdicts add up to (rise, fall, availability) is `balance`'s to say, and when to probe
//! is `proxy`'s. Probes run on the control runtime, never on a worker.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use architrave_config::{ActiveHealth, HealthCheck, SendProxyProtocol, Upstream, UpstreamProtocol};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::egress;
use crate::h1::ParseError;
use crate::proxy_protocol;
use crate::stream::Stream;
use crate::tls::{ALPN_H2, ClientTls, ConnectError, TlsError};

mod grpc;
mod http1;
mod http2;
#[cfg(test)]
mod tests;

/// How a probe introduces itself.
const USER_AGENT: &str = concat!("architrave-health/", env!("CARGO_PKG_VERSION"));

/// How long the end of a connection is waited for once the verdict is there, so that the endpoint
/// sees an orderly close and not a reset in its log.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);

/// A check of one upstream's endpoints. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Probe {
    check: HealthCheck,
    timeout: Duration,
    tls: Option<ClientTls>,
    protocol: UpstreamProtocol,
    send_proxy_protocol: SendProxyProtocol,
    permission: Option<egress::Permission>,
}

/// Why an endpoint did not pass.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No connection could be made, or it broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The address is not one that may be connected to.
    #[error("{0}")]
    Egress(#[from] egress::Refused),
    /// No verdict within the check's timeout.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The TLS handshake failed.
    #[error("{0}")]
    Tls(#[from] ConnectError),
    /// The endpoint closed the connection without an answer.
    #[error("the connection was closed before the answer")]
    Closed,
    /// The answer is not HTTP/1.1.
    #[error("malformed answer: {0}")]
    Malformed(#[from] ParseError),
    /// The answer is not HTTP/2, or the stream was refused.
    #[error("{0}")]
    H2(#[from] h2::Error),
    /// The status is none of those expected.
    #[error("status {0}")]
    Status(u16),
    /// What should be asked cannot be said in HTTP.
    #[error("the check cannot be put as an HTTP request")]
    Request,
    /// The health service answered with an error of its own.
    #[error("grpc status {code}{}", detail(.message))]
    GrpcStatus {
        /// The gRPC status code.
        code: u32,
        /// Its message, as sent; may be empty.
        message: String,
    },
    /// The answer is not one of the gRPC health service.
    #[error("malformed gRPC answer")]
    MalformedGrpc,
    /// The health service says something else than SERVING: 0 unknown, 2 not serving, 3 unknown
    /// service.
    #[error("serving status {0}")]
    NotServing(u64),
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl Probe {
    /// The check of `settings`, spoken as the upstream's traffic is. A gRPC check speaks HTTP/2
    /// whatever `protocol` says, so over TLS it needs a `tls` that offers `h2`.
    #[must_use]
    pub fn new(
        settings: &ActiveHealth,
        tls: Option<ClientTls>,
        protocol: UpstreamProtocol,
        send_proxy_protocol: SendProxyProtocol,
    ) -> Self {
        let tls = match settings.check {
            // Nothing will be said after the handshake, so nothing is proposed in it.
            HealthCheck::Tcp => tls.map(|tls| tls.without_alpn()),
            HealthCheck::Http { .. } | HealthCheck::Grpc { .. } => tls,
        };
        let check = settings.check.clone();
        let permission = None;
        Self { check, timeout: settings.timeout, tls, protocol, send_proxy_protocol, permission }
    }

    /// The check of an upstream; `None` when it has no active one. Reads the files of its TLS.
    ///
    /// # Errors
    /// When the files of its TLS cannot be used.
    pub fn of_upstream(upstream: &Upstream) -> Result<Option<Self>, TlsError> {
        let Some(settings) = &upstream.health.active else { return Ok(None) };
        let protocol = match settings.check {
            HealthCheck::Grpc { .. } if upstream.tls.is_some() => UpstreamProtocol::H2,
            _ => upstream.protocol,
        };
        let load = |tls| ClientTls::load(tls, protocol);
        let tls = upstream.tls.as_ref().map(load).transpose()?;
        let probe = Self::new(settings, tls, protocol, upstream.send_proxy_protocol);
        let permission = egress::Permission::of_upstream(upstream.egress);
        Ok(Some(Self { permission, ..probe }))
    }

    /// Probes one endpoint. `server_name` is its DNS name where it has one.
    ///
    /// # Errors
    /// [`ProbeError`]: the endpoint did not pass.
    pub async fn run(
        &self,
        address: SocketAddr,
        server_name: Option<&str>,
    ) -> Result<(), ProbeError> {
        let work = Box::pin(self.ask(address, server_name));
        match tokio::time::timeout(self.timeout, work).await {
            Ok(verdict) => verdict,
            Err(_elapsed) => Err(ProbeError::Timeout(self.timeout)),
        }
    }

    async fn ask(&self, address: SocketAddr, server_name: Option<&str>) -> Result<(), ProbeError> {
        let stream = self.connect(address, server_name).await?;
        let authority = self.authority(address, server_name);
        match &self.check {
            HealthCheck::Tcp => close(stream).await,
            HealthCheck::Http { path, expect } => {
                let speaks_h2 = match self.protocol {
                    UpstreamProtocol::Http1 => false,
                    UpstreamProtocol::H2 | UpstreamProtocol::H2c => true,
                    UpstreamProtocol::Auto => stream.alpn() == Some(ALPN_H2),
                };
                let status = if speaks_h2 {
                    http2::get(stream, self.scheme(), &authority, path).await?
                } else {
                    http1::get(stream, &authority, path).await?
                };
                let is_expected = expect.iter().any(|(low, high)| (*low..=*high).contains(&status));
                if is_expected { Ok(()) } else { Err(ProbeError::Status(status)) }
            }
            HealthCheck::Grpc { service } => {
                grpc::check(stream, self.scheme(), &authority, service).await
            }
        }
    }

    async fn connect(
        &self,
        address: SocketAddr,
        server_name: Option<&str>,
    ) -> Result<Stream, ProbeError> {
        if let Some(permission) = self.permission {
            egress::judge(address.ip(), permission)?;
        }
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut header = Vec::new();
        proxy_protocol::write_own(self.send_proxy_protocol, &mut header);
        if !header.is_empty() {
            stream.write_all(&header).await?;
        }
        let Some(tls) = &self.tls else { return Ok(stream.into()) };
        let by_address = address.ip().to_string();
        Ok(tls.connect(stream, server_name.unwrap_or(&by_address)).await?.into())
    }

    const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Whom the request is for: the name that TLS verifies, the endpoint's DNS name, or its
    /// address; with the port where it is not the scheme's own.
    fn authority(&self, address: SocketAddr, server_name: Option<&str>) -> String {
        let verified = self.tls.as_ref().and_then(ClientTls::server_name);
        let own_port = if self.tls.is_some() { 443 } else { 80 };
        match (verified.as_deref().or(server_name), address.ip()) {
            (Some(name), _) if address.port() == own_port => name.to_owned(),
            (Some(name), _) => format!("{name}:{}", address.port()),
            (None, std::net::IpAddr::V4(ip)) if address.port() == own_port => ip.to_string(),
            (None, std::net::IpAddr::V6(ip)) if address.port() == own_port => format!("[{ip}]"),
            (None, _) => address.to_string(),
        }
    }
}

/// Ends a connection in which nothing was said, with a TLS goodbye where there was a hello.
async fn close(mut stream: Stream) -> Result<(), ProbeError> {
    // The endpoint has been found to be there; how it takes its leave changes nothing.
    let _closed = tokio::time::timeout(CLOSE_TIMEOUT, stream.shutdown()).await;
    Ok(())
}
