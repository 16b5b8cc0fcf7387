//! `POST /api/v1/services/{name}:publish`: it is put in use, unless that breaks who calls already.

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

/// On what terms; may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publication {
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
    request: Request,
) -> Result<Reply, ApiError> {
    let Publication { r#override: is_given, reason } = json::maybe(request).await?;
    let given = Override { is_given, reason: reason.clone() };
    let terms = Terms { members: Map::new(), reason, given, shown: Map::new() };
    Box::pin(objects::move_state(&desk, &call, &conditions, terms)).await
}
