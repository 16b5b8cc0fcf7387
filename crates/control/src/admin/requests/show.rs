//! `GET /api/v1/requests/{request}`: one exchange, with all that is known of it.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::usage;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Reply, ApiError> {
    let id = call.names.first().map(String::as_str).unwrap_or_default();
    Ok(Reply::ok(&usage::show(&desk, &call, id).await?))
}
