//! `DELETE /api/v1/teams/{team}/members/{user}`: somebody is in a team no more.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::teams;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named((name, other)): Named<(String, String)>,
) -> Result<Reply, ApiError> {
    teams::remove_member(&desk, &call, (&name, &other)).await
}
