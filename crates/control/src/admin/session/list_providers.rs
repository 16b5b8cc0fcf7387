//! `GET /api/v1/session/providers`: the ways to sign in beside a password.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sign_in;

pub(crate) async fn run(State(desk): State<Desk>) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&sign_in::providers(&desk)?))
}
