//! `GET /api/v1/applications/{name}/credentials`: its keys, the oldest first.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::credentials;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
    paging: Paging,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&credentials::list(&desk, &name, &paging).await?))
}
