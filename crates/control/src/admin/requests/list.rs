//! `GET /api/v1/requests`: exchanges of the request log, the latest first.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::usage;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    paging: Paging,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&usage::list(&desk, &call, &paging).await?))
}
