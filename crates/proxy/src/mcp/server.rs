//! An MCP server put to work: the way up to it, and what it has been found to have.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use architrave_config::{McpHttp, McpPlace, McpReach, McpServer, McpTimeouts};
use architrave_core::Moment;
use architrave_core::name::UpstreamName;
use architrave_mcp::arrival;
use architrave_mcp::list::ListKind;
use architrave_mcp::revision::Revision;
use architrave_net::Fields;
use architrave_telemetry::McpServerMetrics;

use super::{Absence, ListCache};
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
}

impl LiveMcpServer {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.config.name.as_str()
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
                        };
                        return Ok(Self::by(config, way, None, parts));
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
        let before = before.and_then(|before| before.own_upstream());
        let way = HttpWay {
            upstream: own.live(before, parts, now)?,
            authority: Some(url.authority.into()),
            target: if url.path.is_empty() { "/" } else { url.path }.into(),
            fields,
            is_own: true,
        };
        Ok(Self::by(config, way, bridged, parts))
    }

    fn by(config: &Arc<McpServer>, way: HttpWay, bridged: Option<Bridged>, parts: &Parts) -> Self {
        Self {
            config: Arc::clone(config),
            way: Way::Http(way),
            lists: Default::default(),
            revisions: ArcSwapOption::empty(),
            absence: Absence::default(),
            metrics: parts.metrics.mcp_server(&config.name),
            _bridged: bridged,
        }
    }
}

/// The place of a kind among all of them.
pub(super) fn place_of(kind: ListKind) -> usize {
    ListKind::ALL.iter().position(|one| *one == kind).expect("all kinds are in it")
}
