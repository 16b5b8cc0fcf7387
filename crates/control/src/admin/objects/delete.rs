//! `DELETE /api/v1/{kind}/{name}`: an object is to be gone.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Wanted};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = super::name_of(&call, kind)?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::delete(wanted)).await
}
