//! `GET /openapi.json`: this API described as OpenAPI 3.1.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::api::Api;
use crate::json;
use crate::operation::{Desk, Surface};

/// They do not change while the process lives.
static ADMIN: LazyLock<Vec<u8>> = LazyLock::new(|| text(Surface::Admin));
static PORTAL: LazyLock<Vec<u8>> = LazyLock::new(|| text(Surface::Portal));

pub(crate) async fn run(State(desk): State<Desk>) -> Response {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let text = match desk.surface {
        Surface::Admin => &ADMIN,
        Surface::Portal => &PORTAL,
    };
    ([content_type], text.as_slice()).into_response()
}

fn text(surface: Surface) -> Vec<u8> {
    json::text(&Api::openapi(surface)).expect("the description is JSON")
}
