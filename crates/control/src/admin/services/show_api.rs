//! `GET /api/v1/services/{name}/api`: the description of its API, to its team as it was sent.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::caller::Caller;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::objects;

/// The types in which it comes.
pub(crate) const TYPES: [&str; 2] = ["application/yaml", "application/json"];

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
    caller: Caller,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let (text, etag) = objects::description_for(&desk, &caller, &name).await?;
    if conditions.is_known(&etag) {
        return Ok(Reply::unchanged().with_etag(Some(etag)).into_response());
    }
    let [yaml, json] = TYPES;
    let sort = if text.trim_start().starts_with('{') { json } else { yaml };
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(sort));
    let etag =
        HeaderValue::try_from(etag).map_err(|error| ApiError::internal(error.to_string()))?;
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}
