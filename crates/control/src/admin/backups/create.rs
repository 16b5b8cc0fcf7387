//! `POST /api/v1/backups`: copies the embedded database as it is now.

use axum::extract::State;
use axum::http::StatusCode;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::backups;

pub(crate) async fn run(State(desk): State<Desk>) -> Result<Reply, ApiError> {
    let made = Box::pin(backups::make(&desk)).await?;
    Ok(Reply::new(StatusCode::CREATED, &made))
}
