//! `GET /api/v1/version`: what runs here.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::json;

#[derive(Serialize)]
struct Body {
    name: &'static str,
    version: &'static str,
}

pub(crate) async fn run() -> Response {
    let body = Body { name: "architrave", version: env!("CARGO_PKG_VERSION") };
    json::answer(StatusCode::OK, &body)
}
