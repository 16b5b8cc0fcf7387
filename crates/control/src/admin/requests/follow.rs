//! `POST /api/v1/requests:follow`: puts every exchange of a consumer into the request log for a
//! while.

use axum::extract::State;

use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::usage::{self, FollowBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    JsonBody(wanted): JsonBody<FollowBody>,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&usage::follow(&desk, &wanted)?))
}
