//! `POST /api/v1/models/{name}:ready`: ends the rests of what serves a model.

use architrave_config::ports::{LaneChoice, NoSuch};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ModelBody;
use crate::call::Of;
use crate::error::ApiError;
use crate::json;
use crate::operation::Desk;

/// Which lanes are meant; without a body, all.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lanes {
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    credential: Option<String>,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    request: Request,
) -> Result<Response, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let Lanes { provider, credential } = json::maybe(request).await?;
    match desk.models.ready(name, &LaneChoice { provider, credential }) {
        Ok(model) => Ok(json::answer(StatusCode::OK, &ModelBody::from(model))),
        Err(NoSuch::Model) => Err(ApiError::model_not_found(name)),
        Err(NoSuch::Lane) => Err(ApiError::lane_not_found(name)),
    }
}
