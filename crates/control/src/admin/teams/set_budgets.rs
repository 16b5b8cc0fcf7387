//! `PUT /api/v1/teams/{team}/budgets`: what all applications of a team together may use up.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::teams::{self, TeamBudgets};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    conditions: Conditions,
    JsonBody(wanted): JsonBody<TeamBudgets>,
) -> Result<Reply, ApiError> {
    teams::set_budgets(&desk, &call, (&name, &conditions), wanted).await
}
