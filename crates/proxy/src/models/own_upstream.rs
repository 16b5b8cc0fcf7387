//! The upstream that a URL stands for, where somebody is reached by a URL of his own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_config::{
    BalanceAlgorithm, Egress, EndpointSource, Upstream, UpstreamProtocol, UpstreamTls,
};
use architrave_core::Moment;
use architrave_core::name::UpstreamName;
use architrave_net::egress::Permission;

use crate::assembly::{AssemblyError, LiveUpstream, Parts};

/// Streams are long, and many are in flight at once.
const CONNECTIONS_MAX: u32 = 10_000;

/// What an upstream is made of for a URL.
#[derive(Debug)]
pub(crate) struct OwnUpstream<'a> {
    /// What it is called in logs and metrics.
    pub name: UpstreamName,
    /// The URL.
    pub url: &'a BaseUrl<'a>,
    /// Whether its name may resolve to an address that is not of the public internet.
    pub allow_private: bool,
    /// TCP connect and TLS handshake.
    pub connect: Duration,
    /// How long nothing may be heard of it.
    pub idle: Duration,
}

/// The parts of a base URL that has been checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl<'a> {
    pub is_tls: bool,
    pub authority: &'a str,
    pub host: &'a str,
    pub port: u16,
    pub path: &'a str,
}

impl OwnUpstream<'_> {
    /// Puts it to work; the one from `before` goes on where nothing changed.
    pub(crate) fn live(
        self,
        before: Option<&Arc<LiveUpstream>>,
        parts: &Parts,
        now: Moment,
    ) -> Result<Arc<LiveUpstream>, AssemblyError> {
        let upstream = Arc::new(self.written());
        if let Some(before) = before.filter(|before| before.is_current(&upstream)) {
            return Ok(Arc::clone(before));
        }
        let live = LiveUpstream::new(&upstream, before, parts, now)
            .map_err(|error| AssemblyError::Upstream(upstream.name.clone(), error))?;
        let limits = &upstream.limits;
        live.queue.set_limits(limits.connections_max, limits.pending_max);
        Ok(Arc::new(live))
    }

    /// As if it had been written.
    fn written(self) -> Upstream {
        let Self { name, url, allow_private, connect, idle } = self;
        let address = url.host.trim_start_matches('[').trim_end_matches(']').parse();
        let (weight, priority) = (1, 0);
        let endpoint = match address {
            Ok(ip) => {
                let address = SocketAddr::new(ip, url.port);
                EndpointSource::Address { address, weight, priority }
            }
            Err(_name) => {
                let name = url.host.to_owned();
                EndpointSource::Dns { name, port: url.port, weight, priority }
            }
        };
        let mut upstream = Upstream::new(name, vec![endpoint]);
        upstream.balance = BalanceAlgorithm::P2cLeastRequest;
        upstream.protocol = UpstreamProtocol::Auto;
        let server_name = Some(url.host.to_owned());
        upstream.tls = url.is_tls.then(|| UpstreamTls { server_name, ..UpstreamTls::default() });
        upstream.limits.connections_max = CONNECTIONS_MAX;
        upstream.egress = match Permission::of_host(url.host, allow_private) {
            Permission::Private => Egress::NoMetadata,
            Permission::Public => Egress::Public,
        };
        upstream.timeouts.connect = connect;
        upstream.timeouts.idle = idle;
        upstream
    }
}

impl<'a> BaseUrl<'a> {
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let host = architrave_net::message::host_of(authority);
        let port = match authority.get(host.len()..)?.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if is_tls => 443,
            None => 80,
        };
        Some(Self { is_tls, authority, host, port, path: path.trim_end_matches('/') })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_taken_apart() {
        let of = |url| BaseUrl::of(url).map(|it| (it.is_tls, it.host, it.port, it.path));
        assert_eq!(of("https://api.example.com/v1"), Some((true, "api.example.com", 443, "/v1")));
        assert_eq!(of("http://127.0.0.1:8000"), Some((false, "127.0.0.1", 8000, "")));
        assert_eq!(of("http://[::1]:9/a/b/"), Some((false, "[::1]", 9, "/a/b")));
        assert_eq!(of("ftp://x"), None);
        assert_eq!(of("https://x:port"), None);
    }
}
