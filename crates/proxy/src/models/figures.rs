//! Models and consumers as a scrape shows them: which lanes rest and why, and where budgets and
//! limits of tokens stand. Nothing is counted for it: it is read where it is known.

use std::time::SystemTime;

use architrave_config::BudgetAmount;
use architrave_config::ports::{BudgetUsage, ModelStatus};
use architrave_core::Moment;
use architrave_core::metric::Metric;
use architrave_policy::RateReport;
use architrave_telemetry::SampleSink;

use crate::assembly::Assembly;

impl Assembly {
    /// Adds to a scrape how the lanes of listed models do, and what consumers have left.
    pub fn sample_models(&self, now: Moment, wall: SystemTime, sink: &mut SampleSink) {
        for model in self.model_statuses(now) {
            sample_model(&model, sink);
        }
        for usage in self.usage(wall) {
            for budget in &usage.budgets {
                sample_budget(&usage.consumer, budget, sink);
            }
        }
        for (consumer, account) in self.snapshot.consumers.iter().zip(&self.accounts) {
            if let Some(limit) = account.as_ref().and_then(|account| account.token_limit(now)) {
                sample_limit(consumer.name.as_str(), &limit, sink);
            }
        }
    }
}

/// No deployment stands twice in a model, and no name of a credential in a provider: neither does
/// a series.
fn sample_model(model: &ModelStatus, sink: &mut SampleSink) {
    for deployment in &model.deployments {
        let (name, provider) = (model.name.as_str(), deployment.provider.as_str());
        for lane in &deployment.lanes {
            let credential = lane.credential.as_deref().unwrap_or_default();
            let labels = &[name, provider, &deployment.model, credential];
            sink.count(Metric::LlmLaneAvailable, labels, lane.rests.is_none().into());
            if let Some((why, rest)) = lane.rests {
                let labels = &[name, provider, &deployment.model, credential, why];
                sink.gauge(Metric::LlmLaneRest, labels, rest.as_secs_f64());
            }
        }
    }
}

fn sample_budget(consumer: &str, usage: &BudgetUsage, sink: &mut SampleSink) {
    let (unit, limit) = match usage.budget.amount {
        BudgetAmount::Tokens(limit) => ("tokens", limit),
        BudgetAmount::NanoUsd(limit) => ("nano_usd", limit),
    };
    let labels = &[consumer, unit, usage.budget.per.as_str()];
    sink.count(Metric::LlmBudgetLimit, labels, limit);
    sink.count(Metric::LlmBudgetSpent, labels, usage.spent);
    sink.count(Metric::LlmBudgetReserved, labels, usage.reserved);
}

fn sample_limit(consumer: &str, limit: &RateReport, sink: &mut SampleSink) {
    let per = match limit.window_s {
        1 => "second",
        60 => "minute",
        3_600 => "hour",
        _ => "day",
    };
    let labels = &[consumer, per];
    sink.count(Metric::LlmTokenLimit, labels, limit.quota);
    sink.count(Metric::LlmTokenLimitUsed, labels, limit.quota.saturating_sub(limit.remaining));
}
