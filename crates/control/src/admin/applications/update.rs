//! `PATCH /api/v1/applications/{name}`: what it is for.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::applications::{self, ApplicationPatch};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
    JsonBody(wanted): JsonBody<ApplicationPatch>,
) -> Result<Reply, ApiError> {
    applications::update(&desk, &call, (&name, &conditions), wanted).await
}
