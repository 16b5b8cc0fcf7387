//! Names to endpoints: A and AAAA records, SRV records, and how long the answer may be used.
//!
//! It keeps no answer: when to ask again, and what to do while no answer is to be had, is decided
//! by who asks.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::file_stamp::FileStamp;

mod answer;
mod lookup;
mod sources;
#[cfg(test)]
mod tests;

use answer::Gathered;
use sources::Sources;

/// The shortest time an answer is used for; a shorter TTL is raised to it.
pub const TTL_MIN: Duration = Duration::from_secs(1);

/// The longest time an answer is used for; a longer TTL is cut to it.
pub const TTL_MAX: Duration = Duration::from_secs(5 * 60);

/// How many endpoints one name may bring; of more, the first in order of priority and address
/// are taken.
pub const ENDPOINTS_MAX: usize = 1_000;

/// How long one answer may take in all, whatever the system says of single queries.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(15);

/// One endpoint that a name led to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolvedEndpoint {
    /// Lower is used first.
    pub priority: u16,
    /// Where it is.
    pub address: SocketAddr,
    /// Its share of the load; at least 1.
    pub weight: u32,
    /// The name to ask for and verify by TLS: the name asked for, or the target of the SRV record.
    pub server_name: Arc<str>,
}

/// What a name led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// In order, each address and port once; never empty.
    pub endpoints: Vec<ResolvedEndpoint>,
    /// How long it may be used: the shortest TTL on the way, from [`TTL_MIN`] to [`TTL_MAX`].
    pub ttl: Duration,
    /// What could not be had, although the rest could.
    pub gaps: Vec<Gap>,
}

/// A part of an answer that could not be had: of one name, the addresses of one family. An
/// endpoint that would lie in it is not known to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// As in [`ResolvedEndpoint::server_name`].
    pub server_name: Arc<str>,
    /// Whether it is the IPv6 addresses that are missing, or the IPv4 ones.
    pub is_ipv6: bool,
}

impl Answer {
    /// Whether an endpoint of an earlier answer, which is not in this one, may still be there.
    #[must_use]
    pub fn leaves_open(&self, endpoint: &ResolvedEndpoint) -> bool {
        self.gaps.iter().any(|gap| {
            gap.is_ipv6 == endpoint.address.is_ipv6() && gap.server_name == endpoint.server_name
        })
    }
}

/// Why a name led nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// What was given is no domain name.
    #[error("{name:?} is not a domain name")]
    Name {
        /// The name.
        name: String,
    },
    /// The name does not exist.
    #[error("{name} does not exist")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// The name exists and has no records of the kind needed.
    #[error("{name} has no {wanted} records")]
    NoRecords {
        /// The name.
        name: String,
        /// The kind of record.
        wanted: &'static str,
    },
    /// No server answered in time.
    #[error("no answer about {name} in time")]
    Timeout {
        /// The name.
        name: String,
    },
    /// The servers could not or would not say.
    #[error("cannot resolve {name}: {detail}")]
    Failed {
        /// The name.
        name: String,
        /// What the server or the socket said.
        detail: String,
    },
}

impl DnsError {
    /// Whether it is an answer about the name, and not the lack of one.
    #[must_use]
    pub const fn is_about_the_name(&self) -> bool {
        match self {
            Self::Name { .. } | Self::NoSuchName { .. } | Self::NoRecords { .. } => true,
            Self::Timeout { .. } | Self::Failed { .. } => false,
        }
    }
}

/// Asks the system's name servers, `/etc/hosts` first. Lookups need the control runtime.
pub struct Resolver {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    sources: ArcSwap<Sources>,
}

impl Resolver {
    /// The resolver of the system: `/etc/resolv.conf` and `/etc/hosts`, read again when they have
    /// changed. Without either it asks a name server on this machine, as the C library does.
    #[must_use]
    pub fn system() -> Self {
        Self::from_files(Path::new("/etc/resolv.conf"), Path::new("/etc/hosts"))
    }

    /// [`Resolver::system`] with these files in place of the system's.
    #[must_use]
    pub fn from_files(resolv_conf: &Path, hosts: &Path) -> Self {
        Self {
            resolv_conf: resolv_conf.to_owned(),
            hosts: hosts.to_owned(),
            sources: ArcSwap::from_pointee(Sources::read(resolv_conf, hosts)),
        }
    }

    /// Asks one name server and nothing else.
    #[must_use]
    pub fn with_name_server(address: SocketAddr) -> Self {
        Self {
            resolv_conf: PathBuf::new(),
            hosts: PathBuf::new(),
            sources: ArcSwap::from_pointee(Sources::name_server(address)),
        }
    }

    /// The A and AAAA records of a name, each with this port, weight 1 and priority 0.
    ///
    /// # Errors
    /// When not one address could be had.
    pub async fn addresses(&self, name: &str, port: u16) -> Result<Answer, DnsError> {
        let sources = self.sources();
        let found = within_time(name, lookup::addresses(&sources, name)).await?;
        let mut gathered = Gathered::default();
        gathered.add_addresses(&found, port, 1, 0, &answer::plain_name(name));
        gathered.finish()
    }

    /// The SRV records of a name and the addresses of their targets. A weight of 0 counts as 1.
    ///
    /// # Errors
    /// When there are no SRV records, or not one target has an address.
    pub async fn services(&self, name: &str) -> Result<Answer, DnsError> {
        let sources = self.sources();
        within_time(name, lookup::services(&sources, name)).await?.finish()
    }

    /// The sources as they are now, read again if a file has changed.
    fn sources(&self) -> Arc<Sources> {
        let known = self.sources.load_full();
        let stamps = [FileStamp::of(&self.resolv_conf), FileStamp::of(&self.hosts)];
        if known.stamps.is_none_or(|known| known == stamps) {
            return known;
        }
        let fresh = Arc::new(Sources::read(&self.resolv_conf, &self.hosts));
        self.sources.store(Arc::clone(&fresh));
        fresh
    }
}

async fn within_time<T>(
    name: &str,
    work: impl Future<Output = Result<T, DnsError>>,
) -> Result<T, DnsError> {
    match tokio::time::timeout(LOOKUP_TIMEOUT, work).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(DnsError::Timeout { name: name.to_owned() }),
    }
}
