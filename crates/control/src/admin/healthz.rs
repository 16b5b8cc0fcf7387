//! `GET /healthz`: whether the process lives. Whether it can take traffic is `readyz`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::json;

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(crate) async fn run() -> Response {
    json::answer_in_line(StatusCode::OK, &Body { status: "ok" })
}
