//! `POST /api/v1/models/{name}:ready`: ends the rests of what serves a model.

use std::sync::Arc;

use architrave_config::ports::{LaneChoice, NoSuch};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::ModelBody;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json;
use crate::path::Named;

/// Which lanes are meant; without a body, all.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lanes {
    provider: Option<String>,
    credential: Option<String>,
}

pub(crate) async fn run(
    State(dependencies): State<Arc<Dependencies>>,
    Named(target): Named<String>,
    request: Request,
) -> Result<Response, ApiError> {
    // Names of models have colons, too.
    let (name, action) = target.rsplit_once(':').ok_or_else(ApiError::method_not_allowed)?;
    if action != "ready" {
        return Err(ApiError::model_action_not_found(action));
    }
    let Lanes { provider, credential } = json::maybe(request).await?;
    let lanes = LaneChoice { provider, credential };
    match dependencies.models.ready(name, &lanes) {
        Ok(model) => Ok(json::answer(StatusCode::OK, &ModelBody::from(model))),
        Err(NoSuch::Model) => Err(ApiError::model_not_found(name)),
        Err(NoSuch::Lane) => Err(ApiError::lane_not_found(name)),
    }
}
