//! `DELETE /api/v1/service_accounts/{name}`: it is gone, with its tokens.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::service_accounts;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
) -> Result<Reply, ApiError> {
    service_accounts::delete(&desk, &call, (&name, &conditions)).await
}
