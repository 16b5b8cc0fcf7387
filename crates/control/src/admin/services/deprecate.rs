//! `POST /api/v1/services/{name}:deprecate`: callers are told that it will end.

use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Override, Terms};

/// The terms of an end. What is left out stays as it was, and `null` takes it away; times are
/// written as in the gateway file.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deprecation {
    /// Since when; by default since now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deprecated_at: Option<String>,
    /// When it retires by itself.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    sunset_at: Option<Option<String>>,
    /// What takes its place: a service, a URL or a path.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    successor: Option<Option<String>>,
    /// Where people read of it: a URL or a path.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    notice: Option<Option<String>>,
    /// When it is answered 410 for a while before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    brownouts: Option<Vec<BrownoutWindow>>,
    /// For the audit log, up to 1,000 characters.
    #[serde(default, skip_serializing)]
    reason: Option<String>,
}

/// A time of a brownout.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrownoutWindow {
    from: String,
    until: String,
}

/// `null` is said, and not left out.
fn said<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    request: Request,
) -> Result<Reply, ApiError> {
    let mut deprecation: Deprecation = json::maybe(request).await?;
    let reason = deprecation.reason.take();
    let members = match serde_json::to_value(&deprecation) {
        Ok(Value::Object(members)) => members,
        _ => return Err(ApiError::internal("the terms are an object")),
    };
    let terms = Terms { members, reason, given: Override::default(), shown: Map::new() };
    Box::pin(objects::move_state(&desk, &call, &conditions, terms)).await
}
