//! `POST /api/v1/config:reload`: reads the file again; answers when it is live, or why it is not.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::ConfigBody;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json;

pub(crate) async fn run(
    State(dependencies): State<Arc<Dependencies>>,
) -> Result<Response, ApiError> {
    let taken = dependencies.config.reload().await;
    let status = taken.map_err(|error| ApiError::config_refused(&error))?;
    Ok(json::answer(StatusCode::OK, &ConfigBody::from(status)))
}
