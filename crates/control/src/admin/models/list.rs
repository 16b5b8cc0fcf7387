//! `GET /api/v1/models`: every listed model with what serves it and how that does.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::ModelBody;
use crate::api::Dependencies;
use crate::json;

#[derive(Serialize)]
struct Body {
    models: Vec<ModelBody>,
}

pub(crate) async fn run(State(dependencies): State<Arc<Dependencies>>) -> Response {
    let models = dependencies.models.models().into_iter().map(ModelBody::from).collect();
    json::answer(StatusCode::OK, &Body { models })
}
