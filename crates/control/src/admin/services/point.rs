//! `POST /api/v1/services/{name}:point`: it points at a revision, an earlier or a prepared one.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Override, Pointing, Wanted};

/// At which revision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pointer {
    /// Its number.
    revision: i64,
    /// The number of the one that it points at now; when it is another, nothing is done.
    #[serde(default)]
    current: Option<i64>,
    /// Whether what breaks callers is published all the same; needs a `reason`.
    #[serde(default)]
    r#override: bool,
    /// For the audit log, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

impl From<Pointer> for Pointing {
    fn from(pointer: Pointer) -> Self {
        let Pointer { revision, current, r#override: is_given, reason } = pointer;
        Self { revision, current, given: Override { is_given, reason } }
    }
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    JsonBody(pointer): JsonBody<Pointer>,
) -> Result<Reply, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::point_at(wanted, pointer.into())).await
}
