//! Servers that have no Streamable HTTP, from how they are written to an address at which they have.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use architrave_config::{McpReach, McpServer, McpSse, McpStdio, UpstreamProtocol, UpstreamTls};
use architrave_core::Secret;
use architrave_net::child::{ChildLimits, Launcher, Program, Supervisor};
use architrave_net::dns::Resolver;
use architrave_net::tls::{ClientTls, TlsError};

use tokio::runtime::Handle;

use super::server::SessionLimits;
use super::{Bridge, Bridged, Far, Names, OldPlace, OldUrl, What};
use crate::across::Reach;
use crate::models::BaseUrl;

/// How servers are reached that have no Streamable HTTP; cheap to clone. One that is made by default
/// reaches nobody: it is for who only wants to know whether a configuration can be put to work.
#[derive(Clone, Default)]
pub struct FarServers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    means: Option<Means>,
    /// Opened with the first server that needs it.
    bridge: Mutex<Option<Bridge>>,
    /// The one of who speaks the other era for servers, apart: by where an answer comes from it is
    /// known which way it came.
    across: Mutex<Option<Bridge>>,
}

struct Means {
    supervisor: Supervisor,
    names: Names,
}

/// Why a server cannot be put to work.
#[derive(Debug, thiserror::Error)]
pub enum FarError {
    /// There is no address, or no thread, to speak for it.
    #[error("nobody can speak for it: {0}")]
    Io(#[from] io::Error),
    /// What the system trusts cannot be read.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// Where it is.
    #[error("its URL is none")]
    Url,
}

impl fmt::Debug for FarServers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FarServers").finish_non_exhaustive()
    }
}

impl FarServers {
    /// Children are started by `supervisor`, names are looked up by `resolver` on `runtime`.
    #[must_use]
    pub fn new(supervisor: Supervisor, resolver: Arc<Resolver>, runtime: Handle) -> Self {
        let names = Names { resolver, runtime };
        let means = Some(Means { supervisor, names });
        Self(Arc::new(Inner { means, ..Inner::default() }))
    }

    /// An address of a server, for as long as what is given is kept. Nothing is asked or started.
    pub(crate) fn reach(&self, server: &McpServer) -> Result<Bridged, FarError> {
        let name = server.name.as_str();
        let far = match (&server.reach, &self.0.means) {
            (McpReach::Stdio(stdio), Some(means)) => {
                let program = program(name, stdio);
                Far::Child(Launcher::new(means.supervisor.clone(), program, limits(stdio)))
            }
            (McpReach::Sse(sse), means) => {
                let tls = ClientTls::load(&UpstreamTls::default(), UpstreamProtocol::Http1)?;
                match means {
                    Some(means) => Far::Old(old(sse, means.names.clone(), tls)?),
                    None => Far::Nobody,
                }
            }
            (McpReach::Stdio(_) | McpReach::Http(_), _) => Far::Nobody,
        };
        Ok(opened(&self.0.bridge)?.announce(name, What::Line(far)))
    }

    /// An address of who speaks the other era for a server, for as long as what is given is kept;
    /// none where nobody is asked.
    pub(crate) fn across(&self, reach: Reach) -> Result<Option<Bridged>, FarError> {
        if self.0.means.is_none() {
            return Ok(None);
        }
        let name = Arc::clone(&reach.name);
        Ok(Some(opened(&self.0.across)?.announce(&name, What::Across(reach))))
    }
}

fn opened(bridge: &Mutex<Option<Bridge>>) -> io::Result<Bridge> {
    let mut bridge = bridge.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bridge) = &*bridge {
        return Ok(bridge.clone());
    }
    let opened = Bridge::start()?;
    *bridge = Some(opened.clone());
    Ok(opened)
}

fn program(name: &str, stdio: &McpStdio) -> Program {
    Program {
        name: name.into(),
        command: stdio.command.clone(),
        arguments: stdio.arguments.clone(),
        environment: stdio.environment.clone(),
        folder: stdio.folder.clone(),
    }
}

fn limits(stdio: &McpStdio) -> ChildLimits {
    ChildLimits {
        processes_max: stdio.limits.processes_max,
        idle: stdio.limits.idle,
        lifetime: stdio.limits.lifetime,
        ..ChildLimits::default()
    }
}

fn old(sse: &McpSse, names: Names, tls: ClientTls) -> Result<OldPlace, FarError> {
    let url = BaseUrl::of(&sse.url).ok_or(FarError::Url)?;
    let fields = sse.headers.iter();
    let url = OldUrl {
        is_encrypted: url.is_tls,
        host: url.host.trim_start_matches('[').trim_end_matches(']'),
        port: url.port,
        authority: url.authority,
        target: if url.path.is_empty() { "/" } else { url.path },
        fields: fields.map(|(name, value)| (name.clone(), Secret::new(value.as_str()))).collect(),
        allow_private: sse.allow_private,
        limits: SessionLimits::default(),
    };
    Ok(OldPlace::new(url, names, tls))
}
