//! `PATCH /api/v1/{kind}/{name}`: a JSON Merge Patch (RFC 7396) of an object's configuration.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::PatchBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Change, Wanted};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    PatchBody(patch): PatchBody,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = super::name_of(&call, kind)?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::write(wanted, Change::Patch(patch))).await
}
