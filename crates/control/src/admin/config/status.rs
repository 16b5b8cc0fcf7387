//! `GET /api/v1/config`: which configuration runs, and how the latest one offered fared.
//!
//! Not the configuration itself: that may hold credentials.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::ConfigBody;
use crate::api::Dependencies;
use crate::json;

pub(crate) async fn run(State(dependencies): State<Arc<Dependencies>>) -> Response {
    json::answer(StatusCode::OK, &ConfigBody::from(dependencies.config.status()))
}
