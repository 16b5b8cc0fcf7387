//! `POST /api/v1/users/{user}:set_password`: another password for oneself.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::users::{self, NewPassword};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    JsonBody(wanted): JsonBody<NewPassword>,
) -> Result<Reply, ApiError> {
    Box::pin(users::set_password(&desk, &call, &name, wanted)).await
}
