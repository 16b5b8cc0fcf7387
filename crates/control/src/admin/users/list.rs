//! `GET /api/v1/users`: every user, by e-mail address.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::users;

pub(crate) async fn run(State(desk): State<Desk>, paging: Paging) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&users::list(&desk, &paging).await?))
}
