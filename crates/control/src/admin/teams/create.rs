//! `POST /api/v1/teams`: a team.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::teams::{self, NewTeamBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(wanted): JsonBody<NewTeamBody>,
) -> Result<Reply, ApiError> {
    teams::create(&desk, &call, wanted).await
}
