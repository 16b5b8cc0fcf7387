//! Putting an answer together: priorities ranked, doubles left out, the TTL within bounds.
//!
//! Nothing is asked here.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{Answer, DnsError, ENDPOINTS_MAX, ResolvedEndpoint, TTL_MAX, TTL_MIN};

/// The addresses that one name led to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) addresses: Vec<IpAddr>,
    /// The shortest TTL on the way; `None` when none was seen.
    pub(super) ttl: Option<Duration>,
    pub(super) is_partial: bool,
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    endpoints: Vec<(u16, ResolvedEndpoint)>,
    ttl: Option<Duration>,
    is_partial: bool,
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
        self.is_partial |= found.is_partial;
        self.endpoints.extend(found.addresses.iter().map(|address| {
            let endpoint = ResolvedEndpoint {
                priority: 0,
                address: SocketAddr::new(*address, port),
                weight: u32::from(weight).max(1),
                server_name: Arc::clone(server_name),
            };
            (priority, endpoint)
        }));
    }

    /// A target that led nowhere. One that does not exist is no less an answer than one that
    /// does; one that could not be asked about makes the whole a partial one.
    pub(super) fn add_failure(&mut self, failure: DnsError) {
        let is_known_empty =
            matches!(failure, DnsError::NoSuchName { .. } | DnsError::NoRecords { .. });
        self.is_partial |= !is_known_empty;
        self.failure = Some(failure);
    }

    pub(super) fn limit_ttl(&mut self, ttl: Option<Duration>) {
        self.ttl = self.ttl.into_iter().chain(ttl).min();
    }

    pub(super) fn finish(self) -> Result<Answer, DnsError> {
        let priorities: BTreeSet<u16> = self.endpoints.iter().map(|(given, _)| *given).collect();
        let rank = |given: u16| {
            let place = priorities.range(..given).count();
            u8::try_from(place).unwrap_or(u8::MAX)
        };
        let mut endpoints: Vec<_> = self
            .endpoints
            .into_iter()
            .map(|(given, endpoint)| ResolvedEndpoint { priority: rank(given), ..endpoint })
            .collect();
        endpoints.sort();
        let mut seen = BTreeSet::new();
        endpoints.retain(|endpoint| seen.insert(endpoint.address));
        endpoints.truncate(ENDPOINTS_MAX);
        match (endpoints.is_empty(), self.failure) {
            (true, Some(failure)) => Err(failure),
            _ => Ok(Answer {
                endpoints,
                ttl: self.ttl.unwrap_or(TTL_MAX).clamp(TTL_MIN, TTL_MAX),
                is_partial: self.is_partial,
            }),
        }
    }
}

/// A name as TLS wants it: lower case, no final dot.
pub(super) fn plain_name(name: &str) -> Arc<str> {
    Arc::from(name.trim_end_matches('.').to_ascii_lowercase())
}
