//! `GET /api/v1/backups`: the copies of the embedded database that are kept.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::backups;

pub(crate) async fn run(State(desk): State<Desk>) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&backups::list(&desk).await?))
}
