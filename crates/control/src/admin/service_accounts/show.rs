//! `GET /api/v1/service_accounts/{name}`: one service account.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::service_accounts;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    service_accounts::read(&desk, &name).await
}
