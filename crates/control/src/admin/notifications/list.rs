//! `GET /api/v1/notifications`: what the caller is told, the oldest first.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::notifications;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    paging: Paging,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&notifications::list(&desk, &call, &paging).await?))
}
