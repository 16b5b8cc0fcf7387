//! `PUT /api/v1/{kind}/{name}`: an object is to be as in the body, whether or not it is there.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::ConfigBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Change, Wanted};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    ConfigBody(body): ConfigBody,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = super::name_of(&call, kind)?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::write(wanted, Change::Replace(body))).await
}
