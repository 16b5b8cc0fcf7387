//! `POST /api/v1/tokens`: a personal access token; the answer shows it, once.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::tokens::{self, NewTokenBody, Owner};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(wanted): JsonBody<NewTokenBody>,
) -> Result<Reply, ApiError> {
    let owner = Owner::of(&call.caller);
    let owner = owner.ok_or_else(|| ApiError::not_permitted("have tokens"))?;
    tokens::make(&desk, &call, owner, wanted).await
}
