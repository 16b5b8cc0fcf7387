//! `POST /api/v1/services/{name}:rollback`: it points at a revision that was in force before.

use axum::extract::State;

use super::point::Pointer;
use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Wanted};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    JsonBody(pointer): JsonBody<Pointer>,
) -> Result<Reply, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::roll_back(wanted, pointer.into())).await
}
