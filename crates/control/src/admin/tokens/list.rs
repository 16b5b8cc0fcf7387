//! `GET /api/v1/tokens`: the caller's tokens, the oldest first.

use axum::extract::State;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::tokens::{self, Owner};

pub(crate) async fn run(
    State(desk): State<Desk>,
    caller: Caller,
    paging: Paging,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&tokens::list(&desk, Owner::of(&caller), &paging).await?))
}
