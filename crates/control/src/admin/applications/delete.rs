//! `DELETE /api/v1/applications/{name}`: with its credentials and subscriptions.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::applications;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
) -> Result<Reply, ApiError> {
    applications::delete(&desk, &call, (&name, &conditions)).await
}
