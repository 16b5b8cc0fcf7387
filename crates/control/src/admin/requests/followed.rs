//! `GET /api/v1/requests:followed`: whose exchanges are all put into the request log.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::usage;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&usage::followed(&desk, &call.caller).await?))
}
