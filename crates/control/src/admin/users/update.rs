//! `PATCH /api/v1/users/{user}`: what a user is called and may do.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::users::{self, UserPatch};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
    JsonBody(wanted): JsonBody<UserPatch>,
) -> Result<Reply, ApiError> {
    users::update(&desk, &call, (&name, &conditions), wanted).await
}
