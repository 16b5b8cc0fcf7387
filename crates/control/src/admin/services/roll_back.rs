//! `POST /api/v1/services/{name}:rollback`: it points at a revision that was in force before.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Override, Pointing, Wanted};

/// To which revision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollback {
    /// Its number.
    revision: i64,
    /// The number of the one that it points at now; when it is another, nothing is done.
    #[serde(default)]
    current: Option<i64>,
    /// Whether what breaks callers is published all the same; needs a `reason`.
    #[serde(default)]
    r#override: bool,
    /// For the audit log, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    JsonBody(rollback): JsonBody<Rollback>,
) -> Result<Reply, ApiError> {
    let Rollback { revision, current, r#override: is_given, reason } = rollback;
    let pointing = Pointing { revision, current, given: Override { is_given, reason } };
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::roll_back(wanted, pointing)).await
}
