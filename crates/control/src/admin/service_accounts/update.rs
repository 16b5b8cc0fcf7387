//! `PATCH /api/v1/service_accounts/{name}`: what it is for and may do.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::service_accounts::{self, ServiceAccountPatch};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
    JsonBody(wanted): JsonBody<ServiceAccountPatch>,
) -> Result<Reply, ApiError> {
    service_accounts::update(&desk, &call, (&name, &conditions), wanted).await
}
