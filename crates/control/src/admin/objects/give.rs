//! `POST /api/v1/{kind}/{name}:move`: an object is given to a team, or taken from it.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Wanted};

/// Whose an object is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOwner {
    /// The name of the team; `null` for the platform.
    #[serde(deserialize_with = "said")]
    #[schema(required)]
    team: Option<String>,
}

/// `null` is said, and not left out.
fn said<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(value)
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(NewOwner { team }): JsonBody<NewOwner>,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = super::name_of(&call, kind)?;
    let conditions = Conditions::default();
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::move_to(wanted, team.as_deref())).await
}
