//! What all workers share: the assembly in force, and the things that outlive every assembly.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arc_swap::ArcSwap;
use architrave_core::Clock;
use architrave_core::shutdown::ShutdownSignal;
use architrave_telemetry::{AccessLog, Metrics};

use crate::assembly::Assembly;
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
    /// Whether to go on.
    pub shutdown: ShutdownSignal,
    /// Seals persistence cookies.
    pub cookie_seal: CookieSeal,
    /// Where assemblies that are no longer used are dropped: off the workers.
    pub retired: SyncSender<Arc<Assembly>>,
}
