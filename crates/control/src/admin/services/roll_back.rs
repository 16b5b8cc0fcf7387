//! `POST /api/v1/services/{name}:rollback`: it is written again as it was in a revision.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Override, Wanted};

/// To which revision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollback {
    /// Its number.
    revision: i64,
    /// Whether what breaks callers is published all the same; needs a `reason`.
    #[serde(default)]
    r#override: bool,
    /// For the audit log and the revision that it makes, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    JsonBody(rollback): JsonBody<Rollback>,
) -> Result<Reply, ApiError> {
    let given = Override { is_given: rollback.r#override, reason: rollback.reason };
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::roll_back(wanted, rollback.revision, given)).await
}
