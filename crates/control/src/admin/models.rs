//! Models as the API shows them; the actions are beside this file.

use std::time::Duration;

use architrave_config::ports::{DeploymentStatus, LaneStatus, ModelStatus, QuotaStatus};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) mod list;
pub(crate) mod ready;
pub(crate) mod show;

/// A model, as it does now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelBody {
    name: String,
    strategy: &'static str,
    fallbacks: Vec<String>,
    deployments: Vec<DeploymentBody>,
}

/// A deployment, as it does now.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeploymentBody {
    provider: String,
    model: String,
    priority: u32,
    lanes: Vec<LaneBody>,
}

/// A lane, as it does now.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaneBody {
    credential: Option<String>,
    share_percent: f64,
    /// `ready`, or why it is passed over.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_for_ms: Option<f64>,
    requests_in_flight: u32,
    tokens_in_flight: u64,
    requests: u64,
    failures: u64,
    failure_percent: f64,
    first_token_ms: Option<f64>,
    tokens_per_second: Option<f64>,
    quotas: Vec<QuotaBody>,
}

/// What is left of a provider's quota.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaBody {
    of: &'static str,
    left: u64,
    limit: Option<u64>,
    resets_in_ms: f64,
}

impl From<ModelStatus> for ModelBody {
    fn from(status: ModelStatus) -> Self {
        Self {
            name: status.name,
            strategy: status.strategy.as_str(),
            fallbacks: status.fallbacks,
            deployments: status.deployments.into_iter().map(DeploymentBody::from).collect(),
        }
    }
}

impl From<DeploymentStatus> for DeploymentBody {
    fn from(status: DeploymentStatus) -> Self {
        Self {
            provider: status.provider,
            model: status.model,
            priority: status.priority,
            lanes: status.lanes.into_iter().map(LaneBody::from).collect(),
        }
    }
}

impl From<LaneStatus> for LaneBody {
    fn from(status: LaneStatus) -> Self {
        Self {
            credential: status.credential,
            share_percent: tenths(status.share * 100.0),
            state: status.rests.map_or("ready", |(why, _)| why),
            rests_for_ms: status.rests.map(|(_, rest)| millis(rest)),
            requests_in_flight: status.requests_in_flight,
            tokens_in_flight: status.tokens_in_flight,
            requests: status.requests,
            failures: status.failures,
            failure_percent: tenths(status.failure_share * 100.0),
            first_token_ms: status.first_token.map(millis),
            tokens_per_second: status.tokens_per_second.map(tenths),
            quotas: status.quotas.into_iter().map(QuotaBody::from).collect(),
        }
    }
}

impl From<QuotaStatus> for QuotaBody {
    fn from(status: QuotaStatus) -> Self {
        Self {
            of: status.of,
            left: status.left,
            limit: status.limit,
            resets_in_ms: millis(status.resets_in),
        }
    }
}

/// To one place: estimates are no better than that.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

pub(crate) fn millis(duration: Duration) -> f64 {
    tenths(duration.as_secs_f64() * 1_000.0)
}
