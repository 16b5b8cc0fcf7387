//! MCP servers and the services of them put to work: how each is reached, and what is known of it.
//! By identity the same objects as before wherever nothing changed.

mod absence;
mod access;
mod eras;
mod lists;
mod seals;
mod server;
mod service;

use std::collections::HashMap;
use std::sync::Arc;

use architrave_config::Snapshot;
use architrave_core::Moment;
use foldhash::fast::RandomState;

pub(crate) use absence::Absence;
pub(crate) use access::{Access, Sought, Use, Verdict, Viewer};
pub(crate) use lists::{Known, ListCache};
pub use seals::McpSeals;
pub(crate) use server::{HttpWay, LiveMcpServer, Way};
pub use service::LiveMcpService;
pub(crate) use service::Reached;

use crate::assembly::{AssemblyError, LiveUpstream, Parts};

/// The MCP servers of an assembly.
#[derive(Debug, Default)]
pub(crate) struct LiveMcp {
    /// In the snapshot's order.
    pub servers: Vec<Arc<LiveMcpServer>>,
    by_name: HashMap<Box<str>, Arc<LiveMcpServer>, RandomState>,
}

impl LiveMcp {
    /// Puts the MCP servers of a snapshot to work.
    pub(crate) fn build(
        snapshot: &Snapshot,
        previous: Option<&Self>,
        upstreams: &[Arc<LiveUpstream>],
        (parts, now): (&Parts, Moment),
        errors: &mut Vec<AssemblyError>,
    ) -> Self {
        let mut all = Self::default();
        for config in &snapshot.mcp_servers {
            let name = config.name.as_str();
            let before = previous.and_then(|previous| previous.by_name.get(name));
            let live = match before {
                Some(before) if before.is_current(config, upstreams) => Arc::clone(before),
                before => match LiveMcpServer::new(config, before, upstreams, (parts, now)) {
                    Ok(server) => Arc::new(server),
                    Err(error) => {
                        errors.push(error);
                        continue;
                    }
                },
            };
            all.by_name.insert(name.into(), Arc::clone(&live));
            all.servers.push(live);
        }
        all
    }

    /// The upstreams that are servers' own, made of their URLs.
    pub(crate) fn own_upstreams(&self) -> impl Iterator<Item = Arc<LiveUpstream>> {
        self.servers.iter().filter_map(|server| server.own_upstream()).map(Arc::clone)
    }
}
