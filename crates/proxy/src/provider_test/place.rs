//! Where a provider is, for a question by a connection of its own.

use std::net::SocketAddr;

use architrave_config::ports::TestFault;
use architrave_config::{
    EndpointSource, Provider, SendProxyProtocol, Snapshot, Upstream, UpstreamProtocol, UpstreamTls,
};
use architrave_llm::catalog;
use architrave_net::dns::{DnsError, Resolver};
use architrave_net::egress::Permission;
use architrave_net::fetch::{self, Destination, FetchError, Question, WholeAnswer};
use architrave_net::tls::ClientTls;

use super::fault;
use crate::models::BaseUrl;

/// Where a provider is.
pub(super) struct Place {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Host and port as requests name them.
    pub(super) authority: String,
    /// The path that every path begins with.
    pub(super) base_path: String,
    target: Target,
    tls: Option<ClientTls>,
}

enum Target {
    /// A host of a base URL, and how far it may lead.
    Host { host: String, port: u16, permission: Permission },
    /// The endpoints of an upstream.
    Endpoints { sources: Vec<EndpointSource>, permission: Option<Permission> },
}

impl Place {
    pub(super) fn of(
        snapshot: &Snapshot,
        provider: &Provider,
        row: &catalog::Provider,
    ) -> Result<Self, TestFault> {
        let url = BaseUrl::of(&row.base_url);
        if let Some(index) = provider.upstream {
            let base_path = url.map_or("", |url| url.path).to_owned();
            return Self::of_upstream(&snapshot.upstreams[index.get()], base_path);
        }
        let url = url.ok_or_else(|| fault("not_possible", "its base URL is none"))?;
        let host = url.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let settings = UpstreamTls { server_name: Some(host.clone()), ..UpstreamTls::default() };
        Ok(Self {
            scheme: if url.is_tls { "https" } else { "http" },
            authority: url.authority.to_owned(),
            base_path: url.path.to_owned(),
            target: Target::Host {
                permission: Permission::of_host(url.host, provider.allow_private),
                host,
                port: url.port,
            },
            tls: url.is_tls.then(|| tls(&settings)).transpose()?,
        })
    }

    fn of_upstream(upstream: &Upstream, base_path: String) -> Result<Self, TestFault> {
        if upstream.protocol == UpstreamProtocol::H2c {
            let why = "its upstream speaks HTTP/2 without TLS, by which no test asks";
            return Err(fault("not_possible", why));
        }
        if upstream.send_proxy_protocol != SendProxyProtocol::Off {
            let why = "its upstream is sent the PROXY header, which no test sends";
            return Err(fault("not_possible", why));
        }
        Ok(Self {
            scheme: if upstream.tls.is_some() { "https" } else { "http" },
            authority: upstream.name.as_str().to_owned(),
            base_path,
            target: Target::Endpoints {
                sources: upstream.endpoints.clone(),
                permission: Permission::of_upstream(upstream.egress),
            },
            tls: upstream.tls.as_ref().map(tls).transpose()?,
        })
    }

    /// Asks there; of an upstream the first endpoint that answers.
    pub(super) async fn ask(
        &self,
        resolver: &Resolver,
        question: &Question<'_>,
    ) -> Result<WholeAnswer, FetchError> {
        let tls = self.tls.as_ref();
        match &self.target {
            Target::Host { host, port, permission } => {
                let (port, permission) = (*port, Some(*permission));
                let destination = Destination { host, port, permission };
                fetch::ask_host(resolver, destination, tls, question).await
            }
            Target::Endpoints { sources, permission } => {
                let mut last = FetchError::NoAddress;
                for (address, name) in endpoints(resolver, sources).await? {
                    let question = Question { host: &name, ..*question };
                    match fetch::ask_one_of(&[address], *permission, tls, &question).await {
                        Ok(answer) => return Ok(answer),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }

    /// The host; of an upstream its name.
    pub(super) fn host(&self) -> &str {
        match &self.target {
            Target::Host { host, .. } => host,
            Target::Endpoints { .. } => &self.authority,
        }
    }

    /// The same provider at another host of its own.
    pub(super) fn at_host(&self, other: &str) -> Option<Self> {
        let Target::Host { host, port, permission } = &self.target else { return None };
        let settings =
            UpstreamTls { server_name: Some(other.to_owned()), ..UpstreamTls::default() };
        Some(Self {
            scheme: self.scheme,
            authority: self.authority.replacen(host, other, 1),
            base_path: self.base_path.clone(),
            target: Target::Host { host: other.to_owned(), port: *port, permission: *permission },
            tls: self.tls.as_ref().and_then(|_| tls(&settings).ok()),
        })
    }
}

fn tls(settings: &UpstreamTls) -> Result<ClientTls, TestFault> {
    ClientTls::load(settings, UpstreamProtocol::Http1)
        .map_err(|error| fault("tls_failed", error.to_string()))
}

/// The first endpoints, each with the name that TLS verifies.
async fn endpoints(
    resolver: &Resolver,
    sources: &[EndpointSource],
) -> Result<Vec<(SocketAddr, String)>, DnsError> {
    let (mut all, mut last) = (Vec::new(), None);
    for source in sources {
        let answer = match source {
            EndpointSource::Address { address, .. } => {
                all.push((*address, address.ip().to_string()));
                continue;
            }
            EndpointSource::Dns { name, port, .. } => resolver.addresses(name, *port).await,
            EndpointSource::DnsSrv { name } => resolver.services(name).await,
        };
        match answer {
            Ok(answer) => all.extend(
                answer.endpoints.iter().map(|it| (it.address, it.server_name.as_ref().to_owned())),
            ),
            Err(error) => last = Some(error),
        }
        if all.len() >= fetch::ADDRESSES_MAX {
            break;
        }
    }
    all.truncate(fetch::ADDRESSES_MAX);
    match last {
        Some(error) if all.is_empty() => Err(error),
        _ => Ok(all),
    }
}
