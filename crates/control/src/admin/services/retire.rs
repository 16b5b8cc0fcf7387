//! `POST /api/v1/services/{name}:retire`: it ends, and whoever ends it sees who still called.

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
use crate::usecase::usage::callers;

/// On what terms it ends; may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retirement {
    /// For the audit log, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
    /// Whether to end it only if nobody has called it in the last 30 days.
    #[serde(default)]
    if_unused: bool,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    request: Request,
) -> Result<Reply, ApiError> {
    let Retirement { reason, if_unused } = json::maybe(request).await?;
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let found = callers::before_the_end(&desk, name, if_unused).await?;
    let shown = Map::from_iter([("callers".to_owned(), found)]);
    let terms = Terms { members: Map::new(), reason, given: Override::default(), shown };
    Box::pin(objects::move_state(&desk, &call, &conditions, terms)).await
}
