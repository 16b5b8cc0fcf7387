//! `GET /api/v1/setup`: whether somebody has set up.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::{platform, setup};

/// How far the set-up is.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetupState {
    /// Whether there is a user, so that everybody has to sign in.
    complete: bool,
}

pub(crate) async fn run(State(desk): State<Desk>) -> Result<Reply, ApiError> {
    // Without a database there is nothing to set up.
    platform(&desk)?;
    Ok(Reply::ok(&SetupState { complete: setup::is_set_up(&desk).await }))
}
