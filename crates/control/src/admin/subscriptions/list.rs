//! `GET /api/v1/subscriptions`: those of the caller's applications and to the caller's products;
//! with `state=pending`, the inbox of who approves.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::subscriptions::{self, Asked};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    paging: Paging,
) -> Result<Reply, ApiError> {
    let asked = Asked::of(&call)?;
    Ok(Reply::ok(&subscriptions::list(&desk, &call.caller, asked, &paging).await?))
}
