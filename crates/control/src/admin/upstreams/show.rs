//! `GET /api/v1/upstreams/{name}`: one upstream with its endpoints.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::UpstreamBody;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json;
use crate::path::Named;

pub(crate) async fn run(
    State(dependencies): State<Arc<Dependencies>>,
    Named(name): Named<String>,
) -> Result<Response, ApiError> {
    let upstream = super::find(&dependencies, &name)?;
    let body = UpstreamBody::new(&upstream, dependencies.clock.now());
    Ok(json::answer(StatusCode::OK, &body))
}
