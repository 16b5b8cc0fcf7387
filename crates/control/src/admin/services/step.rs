//! `POST /api/v1/services/{name}:publish` and the other moves that need no terms.

use axum::extract::{Request, State};
use serde::Deserialize;
use serde_json::Map;
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Override, Terms};

/// Why. For `:suspend` and `:reject` it must be said.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateChange {
    /// For the audit log, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    request: Request,
) -> Result<Reply, ApiError> {
    let StateChange { reason } = json::maybe(request).await?;
    let terms =
        Terms { members: Map::new(), reason, given: Override::default(), shown: Map::new() };
    Box::pin(objects::move_state(&desk, &call, &conditions, terms)).await
}
