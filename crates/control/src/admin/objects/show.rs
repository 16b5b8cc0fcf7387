//! `GET /api/v1/{kind}/{name}`: one object.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let kind = call.kind()?;
    let name = super::name_of(&call, kind)?;
    let shown = objects::read(&desk, kind, name).await?;
    let shown = shown.and_then(|shown| objects::seen(&desk, &call.caller, shown));
    let shown = shown.ok_or_else(|| objects::not_found(kind, name))?;
    let etag = shown.etag();
    if etag.as_deref().is_some_and(|etag| conditions.is_known(etag)) {
        return Ok(Reply::unchanged().with_etag(etag).into_response());
    }
    Ok(Reply::ok(&super::envelope(&shown)).with_etag(etag).into_response())
}
