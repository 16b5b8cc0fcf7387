//! `POST /api/v1/requests:follow`: puts every exchange of a consumer into the request log for a
//! while.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::usage::{self, FollowBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(wanted): JsonBody<FollowBody>,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&usage::follow(&desk, &call, &wanted).await?))
}
