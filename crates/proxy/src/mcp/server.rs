//! An MCP server put to work: the way up to it, and what it has been found to have.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use architrave_config::{McpHttp, McpPlace, McpReach, McpServer, McpTimeouts};
use architrave_core::name::UpstreamName;
use architrave_core::{Clock, Moment};
use architrave_mcp::arrival;
use architrave_mcp::list::ListKind;
use architrave_mcp::revision::{Era, Revision};
use architrave_mcp::session::ServerSession;
use architrave_net::Fields;
use architrave_telemetry::McpServerMetrics;

use super::eras::Eras;
use super::{Absence, ListCache};
use crate::across::Reach;
use crate::assembly::{AssemblyError, LiveUpstream, Parts};
use crate::bridge::Bridged;
use crate::models::{BaseUrl, OwnUpstream};
use crate::worker::Worker;

/// An MCP server put to work.
#[derive(Debug)]
pub(crate) struct LiveMcpServer {
    /// What was written.
    pub config: Arc<McpServer>,
    /// How it is reached.
    pub way: Way,
    /// Which eras it has been found to speak.
    pub eras: Eras,
    /// The way to it in the words of the other era, with what speaks them.
    across: Option<(HttpWay, Bridged)>,
    /// What it has been found to have, by the place of the kind in [`ListKind::ALL`].
    lists: [ListCache; ListKind::ALL.len()],
    /// The revisions that it has said it speaks.
    revisions: ArcSwapOption<Vec<Revision>>,
    /// Whether it is left out where others are asked beside it.
    pub absence: Absence,
    metrics: Arc<McpServerMetrics>,
    /// What speaks for it, where it does not speak Streamable HTTP.
    _bridged: Option<Bridged>,
}

/// A way up to a server: it takes a message with what is said beside it, and gives the messages that
/// come back.
#[derive(Debug)]
pub(crate) enum Way {
    /// Streamable HTTP.
    Http(HttpWay),
}

/// The way to a server over Streamable HTTP.
#[derive(Debug)]
pub(crate) struct HttpWay {
    /// Its endpoints.
    pub upstream: Arc<LiveUpstream>,
    /// Host and port as requests name them; of an upstream, those of the endpoint: servers of this
    /// protocol hold `Host` to what they are.
    pub authority: Option<Box<str>>,
    /// The path.
    pub target: Box<str>,
    /// What is said to it with every request.
    pub fields: Fields,
    /// Whether the upstream is the server's own, made of its URL.
    is_own: bool,
    /// Whether it leads to who speaks the other era for the server.
    pub is_across: bool,
}

impl HttpWay {
    /// Whether a session is where it was made and nowhere else. Of a URL that is not said: whatever
    /// its name leads to today may be in front of all of them.
    pub(crate) const fn holds_sessions_apart(&self) -> bool {
        !self.is_own
    }
}

impl LiveMcpServer {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.config.name.as_str()
    }

    /// The way to it for a client of an era: across the eras where it speaks the other one alone, or
    /// where the client's session is there.
    pub(crate) fn way(&self, era: Era, own: Option<&ServerSession>, now: Moment) -> &HttpWay {
        let Way::Http(direct) = &self.way;
        let Some((across, bridged)) = &self.across else { return direct };
        let endpoint = own.and_then(|own| own.endpoint);
        match (own, endpoint == Some(bridged.address())) {
            (Some(_), true) => across,
            (Some(_), false) => direct,
            (None, _) if self.eras.speaks(era, now) == Some(false) => across,
            (None, _) => direct,
        }
    }

    /// The way at whose end an endpoint has answered.
    pub(crate) fn way_at(&self, endpoint: SocketAddr) -> &HttpWay {
        let Way::Http(direct) = &self.way;
        match &self.across {
            Some((across, bridged)) if bridged.address() == endpoint => across,
            _ => direct,
        }
    }

    /// Whether there is a way to it in the words of the other era.
    pub(crate) const fn has_across(&self) -> bool {
        self.across.is_some()
    }

    /// Bounds on how long it may take.
    pub(crate) fn timeouts(&self) -> &McpTimeouts {
        self.config.reach.timeouts()
    }

    /// What it has been found to have of a kind.
    pub(crate) fn list(&self, kind: ListKind) -> &ListCache {
        &self.lists[place_of(kind)]
    }

    /// Counts that it was asked, and whether it answered; `method` is one that a revision has, or
    /// stands for what is none.
    pub(crate) fn count(&self, worker: &Worker, method: &str, has_answered: bool) {
        self.metrics.asked(worker.index(), method, has_answered);
    }

    /// The revisions that it has said it speaks; all that are spoken here, where it has said nothing.
    pub(crate) fn revisions(&self) -> Vec<Revision> {
        let said = self.revisions.load();
        said.as_deref().cloned().unwrap_or_else(|| arrival::supported().to_vec())
    }

    /// Notes which revisions it says it speaks.
    pub(crate) fn learn_revisions(&self, revisions: Vec<Revision>) {
        let is_new = self.revisions.load().as_deref() != Some(&revisions);
        if is_new && !revisions.is_empty() {
            self.revisions.store(Some(Arc::new(revisions)));
        }
    }

    /// The upstream that is its own.
    pub(crate) fn own_upstream(&self) -> Option<&Arc<LiveUpstream>> {
        let Way::Http(way) = &self.way;
        way.is_own.then_some(&way.upstream)
    }

    /// Whether it is still what the snapshot says.
    pub(super) fn is_current(
        &self,
        config: &Arc<McpServer>,
        upstreams: &[Arc<LiveUpstream>],
    ) -> bool {
        let Way::Http(way) = &self.way;
        let is_same_upstream = match &self.config.reach {
            McpReach::Http(McpHttp { at: McpPlace::Upstream { upstream, .. }, .. }) => upstreams
                .get(upstream.get())
                .is_some_and(|upstream| Arc::ptr_eq(upstream, &way.upstream)),
            _ => true,
        };
        *self.config == **config && is_same_upstream
    }

    /// Puts a server to work.
    pub(super) fn new(
        config: &Arc<McpServer>,
        before: Option<&Arc<Self>>,
        upstreams: &[Arc<LiveUpstream>],
        (parts, now): (&Parts, Moment),
    ) -> Result<Self, AssemblyError> {
        let mut fields = Fields::new();
        let mut bridged = None;
        let (url, allow_private) = match &config.reach {
            McpReach::Http(http) => {
                for (name, value) in &http.headers {
                    fields.append(name, value.as_bytes());
                }
                match &http.at {
                    McpPlace::Url(url) => (url.clone(), http.allow_private),
                    McpPlace::Upstream { upstream, path } => {
                        let upstream = Arc::clone(&upstreams[upstream.get()]);
                        let way = HttpWay {
                            authority: None,
                            target: path.as_str().into(),
                            upstream,
                            fields,
                            is_own: false,
                            is_across: false,
                        };
                        return Self::by(config, before, (way, None), (parts, now));
                    }
                }
            }
            // They do not speak Streamable HTTP; who does it for them is on this machine.
            McpReach::Sse(_) | McpReach::Stdio(_) => {
                let far = parts.far.reach(config);
                let far = far.map_err(|error| AssemblyError::Far(config.name.clone(), error))?;
                fields.append("Authorization", far.authorization().expose().as_bytes());
                let url = format!("http://{}{}", far.address(), far.target());
                bridged = Some(far);
                (url, false)
            }
        };
        let url = BaseUrl::of(&url).ok_or_else(|| AssemblyError::McpServer(config.name.clone()))?;
        let timeouts = config.reach.timeouts();
        let own = OwnUpstream {
            // No upstream of a file, and no provider's, can have this name.
            name: UpstreamName::new(&format!("mcp/{}@{}", config.name, url.host)),
            url: &url,
            allow_private,
            connect: timeouts.connect,
            idle: timeouts.stall,
        };
        let own_before = before.and_then(|before| before.own_upstream());
        let way = HttpWay {
            upstream: own.live(own_before, parts, now)?,
            authority: Some(url.authority.into()),
            target: if url.path.is_empty() { "/" } else { url.path }.into(),
            fields,
            is_own: true,
            is_across: false,
        };
        Self::by(config, before, (way, bridged), (parts, now))
    }

    fn by(
        config: &Arc<McpServer>,
        before: Option<&Arc<Self>>,
        (way, bridged): (HttpWay, Option<Bridged>),
        (parts, now): (&Parts, Moment),
    ) -> Result<Self, AssemblyError> {
        let before = before.and_then(|before| before.across.as_ref());
        let across = across(config, before.map(|(way, _)| &way.upstream), &way, (parts, now))?;
        Ok(Self {
            config: Arc::clone(config),
            way: Way::Http(way),
            eras: Eras::default(),
            across,
            lists: Default::default(),
            revisions: ArcSwapOption::empty(),
            absence: Absence::default(),
            metrics: parts.metrics.mcp_server(&config.name),
            _bridged: bridged,
        })
    }
}

/// The way to a server in the words of the other era; none where nobody is asked at all.
fn across(
    config: &McpServer,
    before: Option<&Arc<LiveUpstream>>,
    direct: &HttpWay,
    (parts, now): (&Parts, Moment),
) -> Result<Option<(HttpWay, Bridged)>, AssemblyError> {
    let timeouts = config.reach.timeouts();
    let reach = Reach {
        name: config.name.as_str().into(),
        upstream: Arc::clone(&direct.upstream),
        authority: direct.authority.clone(),
        target: direct.target.clone(),
        fields: direct.fields.clone(),
        timeouts: timeouts.clone(),
        clock: Clock::system_from(now),
    };
    let bridged = parts.far.across(reach);
    let bridged = bridged.map_err(|error| AssemblyError::Far(config.name.clone(), error))?;
    let Some(bridged) = bridged else { return Ok(None) };
    let mut fields = Fields::new();
    fields.append("Authorization", bridged.authorization().expose().as_bytes());
    let (address, target) = (bridged.address(), bridged.target());
    let url = format!("http://{address}{target}");
    let url = BaseUrl::of(&url).ok_or_else(|| AssemblyError::McpServer(config.name.clone()))?;
    let own = OwnUpstream {
        name: UpstreamName::new(&format!("mcp/{}@across", config.name)),
        url: &url,
        allow_private: false,
        connect: timeouts.connect,
        idle: timeouts.stall,
    };
    let way = HttpWay {
        upstream: own.live(before, parts, now)?,
        authority: Some(url.authority.into()),
        target: target.into(),
        fields,
        is_own: true,
        is_across: true,
    };
    Ok(Some((way, bridged)))
}

/// The place of a kind among all of them.
pub(super) fn place_of(kind: ListKind) -> usize {
    ListKind::ALL.iter().position(|one| *one == kind).expect("all kinds are in it")
}
