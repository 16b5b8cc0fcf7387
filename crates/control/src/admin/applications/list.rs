//! `GET /api/v1/applications`: those that the caller may see, by name.

use axum::extract::State;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::applications;

pub(crate) async fn run(
    State(desk): State<Desk>,
    caller: Caller,
    paging: Paging,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&applications::list(&desk, &caller, &paging).await?))
}
