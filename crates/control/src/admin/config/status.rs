//! `GET /api/v1/config`: which configuration runs, and how the latest one offered fared.
//!
//! Not the configuration itself: that may hold credentials.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::ConfigBody;
use crate::json;
use crate::operation::Desk;

pub(crate) async fn run(State(dependencies): State<Desk>) -> Response {
    json::answer(StatusCode::OK, &ConfigBody::from(dependencies.config.status()))
}
