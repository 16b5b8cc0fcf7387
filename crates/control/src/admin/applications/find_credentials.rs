//! `POST /api/v1/credentials:find`: which of some digests are keys here.

use axum::extract::State;

use crate::error::ApiError;
use crate::json::LargeBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::credentials::{self, WantedKeys};

pub(crate) async fn run(
    State(desk): State<Desk>,
    LargeBody(wanted): LargeBody<WantedKeys>,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(&credentials::find_keys(&desk, wanted).await?))
}
