//! `GET /api/v1/teams/{team}/members`: who is in a team, and as what.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::teams;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
    paging: Paging,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&teams::members(&desk, &name, &paging).await?))
}
