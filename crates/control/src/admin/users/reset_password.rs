//! `POST /api/v1/users/{user}:reset_password`: a code for who has lost their password.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::users;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    users::reset_password(&desk, &call, &name).await
}
