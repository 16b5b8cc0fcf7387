//! `GET /openapi.json`: this API described as OpenAPI 3.1.

use std::sync::LazyLock;

use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::api::Api;
use crate::json;

/// It does not change while the process lives.
static TEXT: LazyLock<Vec<u8>> =
    LazyLock::new(|| json::text(&Api::openapi()).expect("the description is JSON"));

pub(crate) async fn run() -> Response {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ([content_type], TEXT.as_slice()).into_response()
}
