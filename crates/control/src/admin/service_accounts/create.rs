//! `POST /api/v1/service_accounts`: a program that calls, of the team in `?team=` or of the platform.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::service_accounts::{self, NewServiceAccountBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(wanted): JsonBody<NewServiceAccountBody>,
) -> Result<Reply, ApiError> {
    service_accounts::create(&desk, &call, wanted).await
}
