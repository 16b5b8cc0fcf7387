//! `POST /api/v1/subscriptions/{subscription}:approve` and the other moves.

use axum::extract::{Request, State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::subscriptions;

/// Why. For `:suspend` and `:reject` it must be said.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionMove {
    /// For the audit log and those whom it concerns, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    request: Request,
) -> Result<Reply, ApiError> {
    let SubscriptionMove { reason } = json::maybe(request).await?;
    subscriptions::step(&desk, &call, &conditions, reason).await
}
