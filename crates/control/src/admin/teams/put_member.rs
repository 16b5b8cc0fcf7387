//! `PUT /api/v1/teams/{team}/members/{user}`: somebody is in a team, as what the body says.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::teams::{self, MemberRole};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named((name, other)): Named<(String, String)>,
    JsonBody(wanted): JsonBody<MemberRole>,
) -> Result<Reply, ApiError> {
    teams::put_member(&desk, &call, (&name, &other), wanted).await
}
