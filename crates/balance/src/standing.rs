//! Where an endpoint stands: everything that decides whether it is in service.
//!
//! Changed seldom and under a lock; what picks need of it is copied to the endpoint's hindrances.

use architrave_config as config;

use crate::bar::Hindrances;
use crate::health::{ActiveHealth, Ejection};
use crate::slow_start::SlowStart;

/// The standing of one endpoint.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Whether the census counts it.
    pub(crate) counted: bool,
    /// Whether an operator took it out of service.
    pub(crate) draining: bool,
    /// What probes say.
    pub(crate) active: ActiveHealth,
    /// What traffic says.
    pub(crate) ejection: Ejection,
    /// How far it has come since it is in service.
    pub(crate) slow_start: SlowStart,
}

impl Standing {
    pub(crate) fn new(slow_start: SlowStart, active: ActiveHealth) -> Self {
        Self { counted: false, draining: false, active, ejection: Ejection::default(), slow_start }
    }

    /// What keeps it out of service, as bits of [`Hindrances`].
    pub(crate) fn hindrances(&self) -> u8 {
        let mut bits = 0;
        if self.draining {
            bits |= Hindrances::DRAINING;
        }
        if !self.active.is_healthy() {
            bits |= Hindrances::FAILING;
        }
        if self.active.is_awaited() {
            bits |= Hindrances::UNPROBED;
        }
        if self.ejection.is_ejected() {
            bits |= Hindrances::EJECTED;
        }
        bits
    }
    /// Forgets judgements that `rules` no longer make: nobody would ever take them back.
    pub(crate) fn forget_what_nobody_judges(&mut self, rules: &config::Health) {
        if rules.active.is_none() {
            self.active = ActiveHealth::new();
        }
        if rules.passive.consecutive_failures == 0 {
            self.ejection.end();
        }
    }
}
