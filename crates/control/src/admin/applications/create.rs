//! `POST /api/v1/applications`: makes one, of the team in `team` or of the caller's own.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::applications::{self, NewApplicationBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(wanted): JsonBody<NewApplicationBody>,
) -> Result<Reply, ApiError> {
    applications::create(&desk, &call, wanted).await
}
