//! What all workers share: the assembly in force, and the things that outlive every assembly.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arc_swap::ArcSwap;
use architrave_core::Clock;
use architrave_core::shutdown::ShutdownSignal;
use architrave_policy::Directory;
use architrave_telemetry::{AccessLog, Metrics, UsageQueue};

use crate::assembly::Assembly;
use crate::dispatch::llm::kept::KeptIds;
use crate::dispatch::llm::talk::keys::TalkKeys;
use crate::dispatch::llm::unpriced::UnpricedModels;
use crate::mcp::McpSeals;
use crate::offload::Offload;
use crate::persistence::CookieSeal;

/// What all workers share.
pub struct Gateway {
    /// The assembly in force.
    pub assembly: ArcSwap<Assembly>,
    /// Where time comes from.
    pub clock: Clock,
    /// Where figures go.
    pub metrics: Arc<Metrics>,
    /// Where lines go.
    pub access_log: Arc<AccessLog>,
    /// Where usage events go; `None` where nobody keeps them, and then none are made.
    pub usage: Option<UsageQueue>,
    /// Whether to go on.
    pub shutdown: ShutdownSignal,
    /// Seals persistence cookies.
    pub cookie_seal: CookieSeal,
    /// Seals what MCP clients keep for us.
    pub mcp_seals: McpSeals,
    /// Where things live that providers keep.
    pub kept: Arc<KeptIds>,
    /// Keys for one talk.
    pub talk_keys: TalkKeys,
    /// Who calls by subscriptions.
    pub directory: Arc<Directory>,
    /// Models of which nobody knows what they cost.
    pub unpriced: UnpricedModels,
    /// Does what would hold a worker up.
    pub offload: Offload,
    /// Where assemblies that are no longer used are dropped: off the workers.
    pub retired: SyncSender<Arc<Assembly>>,
}

impl Gateway {
    /// Lets new exchanges see `assembly`, and marks the listeners that are gone with the old one, or
    /// are no longer where they were.
    pub fn put_in_force(&self, assembly: Arc<Assembly>) {
        let old = self.assembly.swap(Arc::clone(&assembly));
        for listener in &old.listeners {
            listener.give_way(assembly.listener_at(listener.slot).as_deref());
        }
    }
}
