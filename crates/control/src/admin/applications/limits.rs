//! `GET /api/v1/applications/{name}/limits`: what it may use, and what is left of it.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::limits;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&limits::of_application(&desk, &name).await?))
}
