//! Putting an answer together: in order, doubles left out, the TTL within bounds.
//!
//! Nothing is asked here.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{Answer, DnsError, ENDPOINTS_MAX, Gap, ResolvedEndpoint, TTL_MAX, TTL_MIN};

/// The addresses that one name led to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) addresses: Vec<IpAddr>,
    /// The shortest TTL on the way; `None` when none was seen.
    pub(super) ttl: Option<Duration>,
    /// The family that could not be had: whether it is IPv6.
    pub(super) missing: Option<bool>,
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    endpoints: Vec<ResolvedEndpoint>,
    ttl: Option<Duration>,
    gaps: Vec<Gap>,
    /// Why a part of it is missing; told when nothing else is there.
    failure: Option<DnsError>,
}

impl Gathered {
    pub(super) fn add_addresses(
        &mut self,
        found: &Found,
        port: u16,
        weight: u16,
        priority: u16,
        server_name: &Arc<str>,
    ) {
        self.limit_ttl(found.ttl);
        let gap = |is_ipv6| Gap { server_name: Arc::clone(server_name), is_ipv6 };
        self.gaps.extend(found.missing.map(gap));
        self.endpoints.extend(found.addresses.iter().map(|address| ResolvedEndpoint {
            priority,
            address: SocketAddr::new(*address, port),
            weight: u32::from(weight).max(1),
            server_name: Arc::clone(server_name),
        }));
    }

    /// A target that led nowhere. One that does not exist is no less an answer than one that
    /// does; one that could not be asked about leaves a gap.
    pub(super) fn add_failure(&mut self, failure: DnsError, server_name: &Arc<str>) {
        if !failure.is_about_the_name() {
            let gap = |is_ipv6| Gap { server_name: Arc::clone(server_name), is_ipv6 };
            self.gaps.extend([false, true].map(gap));
        }
        self.failure = Some(failure);
    }

    pub(super) fn limit_ttl(&mut self, ttl: Option<Duration>) {
        self.ttl = self.ttl.into_iter().chain(ttl).min();
    }

    pub(super) fn finish(self) -> Result<Answer, DnsError> {
        let mut endpoints = self.endpoints;
        endpoints.sort();
        let mut seen = BTreeSet::new();
        endpoints.retain(|endpoint| seen.insert(endpoint.address));
        endpoints.truncate(ENDPOINTS_MAX);
        match (endpoints.is_empty(), self.failure) {
            (true, Some(failure)) => Err(failure),
            _ => Ok(Answer {
                endpoints,
                ttl: self.ttl.unwrap_or(TTL_MAX).clamp(TTL_MIN, TTL_MAX),
                gaps: self.gaps,
            }),
        }
    }
}

/// A name as TLS wants it: lower case, no final dot.
pub(super) fn plain_name(name: &str) -> Arc<str> {
    Arc::from(name.trim_end_matches('.').to_ascii_lowercase())
}
