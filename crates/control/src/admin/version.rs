//! `GET /api/v1/version`: what runs here.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json;

/// What runs here.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionBody {
    name: &'static str,
    version: &'static str,
}

pub(crate) async fn run() -> Response {
    let body = VersionBody { name: "architrave", version: env!("CARGO_PKG_VERSION") };
    json::answer(StatusCode::OK, &body)
}
