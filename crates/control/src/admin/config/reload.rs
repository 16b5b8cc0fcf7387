//! `POST /api/v1/config:reload`: reads the file again; answers when it is live, or why it is not.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::ConfigBody;
use crate::error::ApiError;
use crate::json;
use crate::operation::Desk;

pub(crate) async fn run(State(dependencies): State<Desk>) -> Result<Response, ApiError> {
    let taken = dependencies.config.reload().await;
    let status = taken.map_err(|error| ApiError::config_refused(&error))?;
    Ok(json::answer(StatusCode::OK, &ConfigBody::from(status)))
}
