//! `PATCH /api/v1/teams/{team}`: what a team is called and for.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::teams::{self, TeamPatch};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
    JsonBody(wanted): JsonBody<TeamPatch>,
) -> Result<Reply, ApiError> {
    teams::update(&desk, &call, (&name, &conditions), wanted).await
}
