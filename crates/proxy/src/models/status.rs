//! Models and their use as the admin API shows them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_balance::deployment::{self as balance, QuotaKind, QuotaLeft};
use architrave_config::ports::{
    BudgetUsage, ConsumerUsage, DeploymentStatus, LaneChoice, LaneStatus, ModelStatus, NoSuch,
    QuotaStatus,
};
use architrave_config::{Budget, BudgetAmount, Consumer};
use architrave_core::Moment;
use architrave_policy::ledger::{Account, Standing};

use super::LiveModel;
use crate::assembly::Assembly;

impl Assembly {
    /// Every listed model, in the order of the snapshot.
    #[must_use]
    pub fn model_statuses(&self, now: Moment) -> Vec<ModelStatus> {
        self.models.listed.iter().map(|model| model.status(now)).collect()
    }

    /// Ends the rests of lanes of a model, listed or `provider/model`.
    ///
    /// # Errors
    /// What there is not.
    pub fn ready_model(
        &self,
        name: &str,
        lanes: &LaneChoice,
        now: Moment,
    ) -> Result<ModelStatus, NoSuch> {
        let model = self.models.listed(name).cloned().or_else(|| self.models.direct(name));
        let model = model.ok_or(NoSuch::Model)?;
        match model.fleet.ready(lanes.provider.as_deref(), lanes.credential.as_deref()) {
            0 => Err(NoSuch::Lane),
            _ => Ok(model.status(now)),
        }
    }

    /// What every consumer with budgets has used of them, in the order of the snapshot.
    #[must_use]
    pub fn usage(&self, wall: SystemTime) -> Vec<ConsumerUsage> {
        let accounts = self.snapshot.consumers.iter().zip(&self.accounts);
        let used =
            accounts.filter_map(|(consumer, account)| usage(consumer, account.as_ref()?, wall));
        used.collect()
    }
}

impl LiveModel {
    fn status(&self, now: Moment) -> ModelStatus {
        let mut deployments: Vec<DeploymentStatus> = Vec::new();
        let mut shown = None;
        for lane in self.fleet.status(now) {
            if shown != Some(lane.place.deployment) {
                shown = Some(lane.place.deployment);
                deployments.push(DeploymentStatus {
                    provider: lane.provider.clone(),
                    model: lane.model.clone(),
                    priority: lane.priority,
                    lanes: Vec::new(),
                });
            }
            if let Some(deployment) = deployments.last_mut() {
                deployment.lanes.push(lane_status(lane, now));
            }
        }
        ModelStatus {
            name: self.name.as_ref().to_owned(),
            strategy: self.fleet.strategy(),
            fallbacks: self.fallbacks.iter().map(|name| name.as_ref().to_owned()).collect(),
            deployments,
        }
    }
}

fn lane_status(lane: balance::LaneStatus, now: Moment) -> LaneStatus {
    let quota = |QuotaLeft { kind, left, limit, resets_in }| QuotaStatus {
        of: word(kind),
        left,
        limit,
        resets_in,
    };
    LaneStatus {
        credential: (!lane.credential.is_empty()).then_some(lane.credential),
        share: lane.weight,
        requests_in_flight: lane.requests_in_flight,
        tokens_in_flight: lane.tokens_in_flight,
        requests: lane.requests,
        failures: lane.failures,
        failure_share: lane.failure_share,
        first_token: lane.first_token,
        tokens_per_second: lane.tokens_per_second,
        rests: lane.hindrance.map(|(why, until)| (why.word(), until.since(now))),
        quotas: lane.quota.into_iter().map(quota).collect(),
    }
}

const fn word(kind: QuotaKind) -> &'static str {
    match kind {
        QuotaKind::Requests => "requests",
        QuotaKind::Tokens => "tokens",
        QuotaKind::InputTokens => "input_tokens",
        QuotaKind::OutputTokens => "output_tokens",
    }
}

/// `None` for a consumer that has no budgets.
fn usage(consumer: &Consumer, account: &Account, wall: SystemTime) -> Option<ConsumerUsage> {
    let standings = account.standings(wall);
    let consumer = consumer.name.as_str().to_owned();
    let budgets: Vec<_> = standings.iter().map(budget_usage).collect();
    (!budgets.is_empty()).then_some(ConsumerUsage { consumer, budgets })
}

fn budget_usage(standing: &Standing) -> BudgetUsage {
    let at = |second| UNIX_EPOCH + Duration::from_secs(second);
    BudgetUsage {
        budget: budget_of(standing),
        began_at: at(standing.span.start_s),
        ends_at: at(standing.span.end_s),
        spent: standing.spent,
        reserved: standing.reserved,
    }
}

fn budget_of(standing: &Standing) -> Budget {
    use architrave_policy::ledger::Unit;
    Budget {
        amount: match standing.unit {
            Unit::Tokens => BudgetAmount::Tokens(standing.limit),
            Unit::NanoUsd => BudgetAmount::NanoUsd(standing.limit),
        },
        per: standing.per.written(),
    }
}
