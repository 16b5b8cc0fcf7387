//! `GET /api/v1/teams/{team}`: one team.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::teams;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    teams::read(&desk, &name).await
}
