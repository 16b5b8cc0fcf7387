//! `POST /api/v1/users/{user}:redeem_code`: a password for whoever has the one-time code.

use axum::extract::State;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::users::{self, RedeemedCode};

pub(crate) async fn run(
    State(desk): State<Desk>,
    caller: Caller,
    Named(name): Named<String>,
    JsonBody(wanted): JsonBody<RedeemedCode>,
) -> Result<Reply, ApiError> {
    Box::pin(users::redeem_code(&desk, &caller, &name, wanted)).await
}
