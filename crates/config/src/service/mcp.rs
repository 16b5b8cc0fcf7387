//! A service of MCP servers: several of them as one, at one address.

mod access;
mod pattern;

use std::time::Duration;

use crate::HostPattern;
use crate::policy::cors::Origin;
use crate::read::{HostPatternText, List, NonEmpty, Ref, Scope, Size, Span, record, words};
use crate::snapshot::McpServerIndex;

pub use access::{McpCondition, McpRule, McpScalar, McpTest};
pub use pattern::{NamePattern, may_lead_up};

/// Files come to a tool as base64 in its arguments.
const BODY_BYTES_MAX: u64 = 16 << 20;
/// Whoever works longer than a day without a pause begins anew.
const SESSION_MAX: Duration = Duration::from_secs(24 * 3600);

record! {
    /// MCP servers, as one.
    #[derive(Clone, Debug, PartialEq)]
    pub struct McpService => McpService by finish {
        /// The servers; where names collide, the one that stands first has it.
        "servers": NonEmpty<Ref<McpServerIndex>> => pub servers: Vec<McpServerIndex>,
        /// How clients know the tools, prompts and resources of several servers apart.
        "naming": McpNaming = McpNaming::Prefix => pub naming: McpNaming,
        /// Hosts that clients may name in `Host`; those of the route where nothing is written. Where
        /// neither names any, a client that connects to a loopback address must name this machine:
        /// else any page that a browser shows could call by a name of its own.
        "hosts": List<HostPatternText> = Vec::new() => pub hosts: Vec<HostPattern>,
        /// Origins whose pages may call; `*` alone for any. A page of this machine may where the
        /// client connects to a loopback address. Whatever sends no `Origin` is no page.
        "origins": List<Origin> = Vec::new() => pub origins: Vec<String>,
        /// Who may do what: the first rule that fits lets it pass. Where nothing is written, whoever
        /// may call may do everything; where something is, everything else is denied and not shown.
        "access": Option<NonEmpty<McpRule>> = None => pub access: Option<Vec<McpRule>>,
        /// Bytes of a message.
        "body_max": Size<u64, 1> = BODY_BYTES_MAX => pub body_bytes_max: u64,
        /// How long a session lasts at most; its client then makes another.
        "session_max": Span = SESSION_MAX => pub session_max: Duration,
    }
}

impl McpService {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        if self.origins.len() > 1 && self.origins.iter().any(|origin| origin == "*") {
            scope.refuse_at("origins", "`*` stands alone");
        }
        let is_twice = |at: usize| self.servers[..at].contains(&self.servers[at]);
        let items = scope.node.get("servers").map_or(&[][..], |list| list.items());
        if items.len() == self.servers.len() {
            for (_, item) in items.iter().enumerate().filter(|(at, _)| is_twice(*at)) {
                let message = format!("the server {} is there twice", item.described());
                scope.reader.refuse(item.place, message);
            }
        }
        self.check_access(scope);
        Some(self)
    }

    /// Notes rules about servers that are behind another service.
    fn check_access(&self, scope: &mut Scope<'_, '_, '_>) {
        let rules = scope.node.get("access").map_or(&[][..], |list| list.items());
        let written = self.access.as_deref().unwrap_or_default();
        if rules.len() != written.len() {
            return;
        }
        for (rule, node) in written.iter().zip(rules) {
            let named = node.get("servers").map_or(&[][..], |list| list.items());
            let servers = rule.servers.as_deref().unwrap_or_default();
            for (server, item) in servers.iter().zip(named) {
                if servers.len() == named.len() && !self.servers.contains(server) {
                    let message = format!("{} is none of this service's servers", item.described());
                    scope.reader.refuse(item.place, message);
                }
            }
        }
    }
}

words! {
    /// How clients know what several servers have apart.
    pub enum McpNaming {
        /// `server__tool`, and URIs with a mark of the server.
        Prefix = "prefix",
        /// One path for each server: below the route, its name.
        Scoped = "scoped",
        /// As the servers call them. Of two with one name the first one keeps it, and the other gets
        /// its server's name in front.
        Plain = "plain",
    }
}
