//! `GET /api/v1/teams/{team}/limits`: what all applications of a team together may use up, and what
//! is left of it.

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
    Ok(Reply::ok(&limits::of_team(&desk, &name).await?))
}
