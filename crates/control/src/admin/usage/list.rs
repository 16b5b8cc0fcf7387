//! `GET /api/v1/usage`: what every consumer with budgets has used of them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::UsageBody;
use crate::api::Dependencies;
use crate::json;

#[derive(Serialize)]
struct Body {
    usage: Vec<UsageBody>,
}

pub(crate) async fn run(State(dependencies): State<Arc<Dependencies>>) -> Response {
    let usage = dependencies.models.usage().into_iter().map(UsageBody::from).collect();
    json::answer(StatusCode::OK, &Body { usage })
}
