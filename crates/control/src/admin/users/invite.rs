//! `POST /api/v1/users`: invites a user; the answer shows the code with which they set a password.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::users::{self, NewUserBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(wanted): JsonBody<NewUserBody>,
) -> Result<Reply, ApiError> {
    users::invite(&desk, &call, wanted).await
}
