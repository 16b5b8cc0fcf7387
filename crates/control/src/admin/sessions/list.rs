//! `GET /api/v1/sessions`: where the caller is signed in.

use axum::extract::State;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sessions;

pub(crate) async fn run(State(desk): State<Desk>, caller: Caller) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&sessions::list(&desk, &caller).await?))
}
