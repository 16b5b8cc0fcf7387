//! A server of the Model Context Protocol: how it is reached, and what is presented there.
//!
//! Not what it says: that is `mcp`'s. Which of them stand behind one address is the service's
//! (`service/mcp.rs`).

mod sse;
mod stdio;

use std::time::Duration;

use architrave_core::name::McpServerName;

use crate::read::{
    BaseUrl, EditableHeader, HeaderValue, Name, Pairs, PathText, Ref, Scope, Span, empty, record,
};
use crate::snapshot::UpstreamIndex;

pub use sse::McpSse;
pub use stdio::{McpProcesses, McpStdio};

/// A server of the Model Context Protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct McpServer {
    /// Its name, which is a part of the names of its tools where several servers are one.
    pub name: McpServerName,
    /// How it is reached.
    pub reach: McpReach,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq)]
pub enum McpReach {
    /// Over Streamable HTTP.
    Http(McpHttp),
    /// Over the transport of 2024-11-05.
    Sse(McpSse),
    /// It is a program on this machine.
    Stdio(McpStdio),
}

impl McpReach {
    /// Bounds on how long it may take.
    #[must_use]
    pub const fn timeouts(&self) -> &McpTimeouts {
        match self {
            Self::Http(http) => &http.timeouts,
            Self::Sse(sse) => &sse.timeouts,
            Self::Stdio(stdio) => &stdio.timeouts,
        }
    }
}

/// A server over Streamable HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct McpHttp {
    /// Where it is.
    pub at: McpPlace,
    /// What is said to it with every request.
    pub headers: Vec<(String, String)>,
    /// Whether its name may resolve to an address that is not of the public internet.
    pub allow_private: bool,
    /// Bounds on how long it may take.
    pub timeouts: McpTimeouts,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq)]
pub enum McpPlace {
    /// At a URL: `http` or `https`, host, port and path, without a slash at its end.
    Url(String),
    /// Behind an upstream, each of whose endpoints is the same server.
    Upstream {
        /// The upstream.
        upstream: UpstreamIndex,
        /// The path there.
        path: String,
    },
}

record! {
    /// A server of the Model Context Protocol; exactly one way to reach it.
    #[derive(Debug)]
    pub(crate) struct McpServerWritten => McpServer by finish {
        /// Its name. Where several servers are one, its tools are `name__tool`.
        "name": Name<McpServerName> => name: McpServerName,
        /// Over Streamable HTTP, in revisions with and without sessions.
        "http": Option<HttpWritten> = None => http: Option<McpHttp>,
        /// Over the transport of 2024-11-05: a stream of events, and a place for messages.
        "sse": Option<McpSse> = None => sse: Option<McpSse>,
        /// A program on this machine, over its standard streams; in a gateway file alone.
        "stdio": Option<McpStdio> = None => stdio: Option<McpStdio>,
    }
    later "openapi";
}

/// The keys of which a server has exactly one.
const WAYS: [&str; 4] = ["http", "sse", "stdio", "openapi"];

impl McpServerWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<McpServer> {
        match WAYS.iter().filter(|way| scope.has(way)).count() {
            1 => {}
            0 => scope.refuse("needs `http`, `sse` or `stdio`, which says how it is reached"),
            _ => scope.refuse("takes only one way to be reached"),
        }
        let http = self.http.map(McpReach::Http);
        let reach = http.or(self.sse.map(McpReach::Sse)).or(self.stdio.map(McpReach::Stdio));
        Some(McpServer { name: self.name, reach: reach? })
    }
}

record! {
    /// A server over Streamable HTTP.
    #[derive(Debug)]
    pub(crate) struct HttpWritten => McpHttp by finish {
        /// Where it is; this or `upstream`.
        "url": Option<BaseUrl> = None => url: Option<String>,
        /// Or the upstream whose endpoints it is: replicas of one server.
        "upstream": Option<Ref<UpstreamIndex>> = None => upstream: Option<UpstreamIndex>,
        /// The path at the endpoints of `upstream`.
        "path": PathText = MCP_PATH.to_owned() => path: String,
        /// What is said to it with every request, such as a credential. Nothing by which clients
        /// prove who they are is passed on to it.
        "headers": Pairs<EditableHeader, HeaderValue> = Vec::new()
            => headers: Vec<(String, String)>,
        /// Whether its name may resolve to an address that is not of the public internet. An
        /// address or `localhost` written in `url`, and every `upstream`, is allowed anyway.
        "allow_private": bool = false => allow_private: bool,
        /// Bounds on how long it may take.
        "timeouts": McpTimeouts = McpTimeouts::default() => timeouts: McpTimeouts,
    }
    later "era";
}

/// Where nearly every server is.
const MCP_PATH: &str = "/mcp";

impl HttpWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<McpHttp> {
        if scope.has("url") && scope.has("upstream") {
            scope.refuse_at("upstream", "takes either `url` or `upstream`");
        }
        if !scope.has("url") && !scope.has("upstream") {
            scope.refuse("needs `url` or `upstream`");
        }
        if scope.has("path") && !scope.has("upstream") {
            scope.refuse_at("path", "only with `upstream`: a `url` has its path in it");
        }
        if scope.has("allow_private") && scope.has("upstream") {
            scope.refuse_at("allow_private", "has no effect: the upstream says it");
        }
        refuse_own_headers(&self.headers, scope);
        let at = match (self.url, self.upstream) {
            (Some(url), _) => McpPlace::Url(url),
            (None, Some(upstream)) => McpPlace::Upstream { upstream, path: self.path },
            (None, None) => return None,
        };
        Some(McpHttp {
            at,
            headers: self.headers,
            allow_private: self.allow_private,
            timeouts: self.timeouts,
        })
    }
}

/// Notes headers that the protocol has a meaning for.
fn refuse_own_headers(headers: &[(String, String)], scope: &mut Scope<'_, '_, '_>) {
    for (name, _) in headers {
        if OWN_HEADERS.contains(&name.as_str()) || name.starts_with("mcp-") {
            let message = format!("`{name}` is the protocol's: the gateway writes it itself");
            scope.refuse_at("headers", message);
        }
    }
}

/// Headers of a request that the protocol has a meaning for, beside those that begin with `mcp-`.
const OWN_HEADERS: [&str; 6] =
    ["accept", "accept-encoding", "content-encoding", "content-type", "last-event-id", "origin"];

/// A handshake across an ocean takes half a second; one lost packet costs more.
const CONNECT: Duration = Duration::from_secs(5);
/// Tools that ask other services, or a model, take minutes before they say a word.
const ANSWER: Duration = Duration::from_secs(300);
/// Clients wait half a minute for all of a list; one slow server shall not cost them that.
const LIST: Duration = Duration::from_secs(5);
/// A stream that has nothing to say for so long is asked for anew by its client.
const STALL: Duration = Duration::from_secs(600);

record! {
    /// Bounds on how long a server may take.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct McpTimeouts {
        /// TCP connect and TLS handshake.
        "connect": Span = CONNECT => pub connect: Duration,
        /// From a request to the head of its answer.
        "answer": Span = ANSWER => pub answer: Duration,
        /// For all of a list, or of what it can do, where it is asked beside other servers: one that
        /// takes longer is left out.
        "list": Span = LIST => pub list: Duration,
        /// No byte arriving in the middle of an answer, or on a stream.
        "stall": Span = STALL => pub stall: Duration,
    }
}

impl Default for McpTimeouts {
    fn default() -> Self {
        empty::<Self>()
    }
}
