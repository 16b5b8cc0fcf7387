//! `GET /healthz`: whether the process lives. Whether it can take traffic is `readyz`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json;

/// That the process lives.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthBody {
    status: &'static str,
}

pub(crate) async fn run() -> Response {
    json::answer_in_line(StatusCode::OK, &HealthBody { status: "ok" })
}
