//! `GET /api/v1/usage`: what every consumer with budgets has used of them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::UsageBody;
use crate::json;
use crate::operation::Desk;

/// What every consumer with budgets has used.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageList {
    usage: Vec<UsageBody>,
}

pub(crate) async fn run(State(dependencies): State<Desk>) -> Response {
    let usage = dependencies.models.usage().into_iter().map(UsageBody::from).collect();
    json::answer(StatusCode::OK, &UsageList { usage })
}
