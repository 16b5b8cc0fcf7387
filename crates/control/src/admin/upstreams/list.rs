//! `GET /api/v1/upstreams`: every upstream with its endpoints, by name.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::UpstreamBody;
use crate::api::Dependencies;
use crate::json;

#[derive(Serialize)]
struct Body {
    upstreams: Vec<UpstreamBody>,
}

pub(crate) async fn run(State(dependencies): State<Arc<Dependencies>>) -> Response {
    let now = dependencies.clock.now();
    let live = dependencies.registry.upstreams();
    let mut upstreams: Vec<_> =
        live.values().map(|upstream| UpstreamBody::new(upstream, now)).collect();
    // The registry has no order of its own; two answers must list alike.
    upstreams.sort_by(|a, b| a.name.cmp(&b.name));
    json::answer(StatusCode::OK, &Body { upstreams })
}
