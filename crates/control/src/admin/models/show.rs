//! `GET /api/v1/models/{name}`: one model with what serves it and how that does.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::ModelBody;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json;
use crate::path::Named;

pub(crate) async fn run(
    State(dependencies): State<Arc<Dependencies>>,
    Named(name): Named<String>,
) -> Result<Response, ApiError> {
    let model = dependencies.models.models().into_iter().find(|model| model.name == name);
    let model = model.ok_or_else(|| ApiError::model_not_found(&name))?;
    Ok(json::answer(StatusCode::OK, &ModelBody::from(model)))
}
