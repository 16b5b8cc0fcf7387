//! `GET /api/v1/applications/{name}`: one application.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::applications;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    applications::read(&desk, &name).await
}
