//! `GET /api/v1/usage/{consumer}`: what one consumer has used of its budgets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::UsageBody;
use crate::error::ApiError;
use crate::json;
use crate::operation::Desk;
use crate::path::Named;

pub(crate) async fn run(
    State(dependencies): State<Desk>,
    Named(consumer): Named<String>,
) -> Result<Response, ApiError> {
    let usage = dependencies.models.usage().into_iter().find(|usage| usage.consumer == consumer);
    let usage = usage.ok_or_else(|| ApiError::usage_not_found(&consumer))?;
    Ok(json::answer(StatusCode::OK, &UsageBody::from(usage)))
}
