//! `POST /api/v1/services/{name}/versions`: another version of it, like it and a draft.

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

/// Another version of a service.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVersion {
    /// The name of the service that it is to be.
    name: String,
    /// What the version is called, such as `2.0`.
    version: String,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    JsonBody(new): JsonBody<NewVersion>,
) -> Result<Reply, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let conditions = Conditions::default();
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::make_version(wanted, &new.name, &new.version)).await
}
