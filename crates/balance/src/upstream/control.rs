//! The control side of a live upstream: its members, and how they become a view.
//!
//! Only ever touched by the control runtime, under one lock; workers never come here.

use std::collections::HashSet;
use std::sync::Arc;

use architrave_config as config;
use architrave_core::Moment;

use crate::algorithm::Candidate;
use crate::cohort::Cohort;
use crate::endpoint::Endpoint;
use crate::membership::Membership;
use crate::view::{Ranked, Rules, View};

/// What only the control runtime touches.
pub(super) struct Control {
    pub(super) membership: Membership,
    /// Whether the cohort follows this upstream, and not the one that it replaces.
    in_charge: bool,
    /// Endpoints of the upstream that this one replaces and that it does not have.
    dismissed: Vec<Arc<Endpoint>>,
    /// Whether weights still move although nothing changes.
    pub(super) slow_start_under_way: bool,
}

impl Control {
    pub(super) fn new(membership: Membership, dismissed: Vec<Arc<Endpoint>>) -> Self {
        Self { membership, in_charge: false, dismissed, slow_start_under_way: false }
    }

    /// Endpoints that `successor` does not have, also those that were still to be dismissed.
    pub(super) fn beside(&self, successor: &Membership) -> Vec<Arc<Endpoint>> {
        let kept: HashSet<*const Endpoint> =
            successor.members().iter().map(|member| Arc::as_ptr(&member.endpoint)).collect();
        let own = self.membership.members().iter().map(|member| &member.endpoint);
        own.chain(&self.dismissed)
            .filter(|endpoint| !kept.contains(&Arc::as_ptr(endpoint)))
            .cloned()
            .collect()
    }

    /// Makes the cohort follow this upstream; says whether it did not before.
    pub(super) fn take_charge(&mut self, config: &config::Upstream, cohort: &Cohort) -> bool {
        if self.in_charge {
            return false;
        }
        self.in_charge = true;
        cohort.set_rules(config.health.clone());
        for endpoint in self.dismissed.drain(..) {
            endpoint.leave();
        }
        self.join_members(config);
        true
    }

    /// Makes the census follow a change of the members; `gone` are those that it took away.
    pub(super) fn update_census(&mut self, config: &config::Upstream, gone: Vec<Arc<Endpoint>>) {
        if self.in_charge {
            gone.iter().for_each(|endpoint| endpoint.leave());
            self.join_members(config);
        } else {
            self.dismissed.extend(gone);
        }
    }

    fn join_members(&self, config: &config::Upstream) {
        for member in self.membership.members() {
            member.endpoint.adopt_configured(member.weight, member.priority);
            member.endpoint.join(&config.health);
        }
    }

    /// Everybody with a weight, as heavy as they are now, and whether a share has moved.
    pub(super) fn rank(&mut self, config: &config::Upstream, now: Moment) -> (Vec<Ranked>, bool) {
        let members = self.membership.members();
        let mut ranked = Vec::with_capacity(members.len());
        let mut moved = false;
        self.slow_start_under_way = false;
        for member in members {
            let endpoint = &member.endpoint;
            let (percent, under_way) = endpoint.slow_start(config.slow_start, now);
            self.slow_start_under_way |= under_way;
            let weight = endpoint.weight(member.weight);
            moved |= endpoint.show(weight, percent);
            if weight > 0 {
                let candidate =
                    Candidate { endpoint: Arc::clone(endpoint), weight: weight * percent };
                ranked.push(Ranked { priority: member.priority, candidate });
            }
        }
        (ranked, moved)
    }

    /// Lays the ranked out, and makes all members findable.
    pub(super) fn lay_out(&self, config: &config::Upstream, ranked: Vec<Ranked>) -> View {
        let rules = Rules {
            algorithm: config.balance,
            panic_threshold_percent: config.panic_threshold_percent,
        };
        let endpoints = self.membership.members().iter();
        View::new(rules, ranked, endpoints.map(|member| Arc::clone(&member.endpoint)))
    }
}
