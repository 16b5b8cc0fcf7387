//! `PUT /api/v1/services/{name}/api`: the description of its API is to be the body.

use axum::extract::{Request, State};

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Override, Wanted};

/// None of these can be sent by a form on a foreign page.
const TYPES: [&str; 5] = [
    "application/yaml",
    "application/json",
    "application/x-yaml",
    "application/openapi+yaml",
    "application/openapi+json",
];

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    request: Request,
) -> Result<Reply, ApiError> {
    if !json::is_sent_as(request.headers(), &TYPES) {
        let expected = "application/yaml or application/json";
        return Err(ApiError::content_type_not_supported(expected));
    }
    let body = json::bytes(request).await?;
    let text = String::from_utf8(body.into())
        .map_err(|_invalid| ApiError::body_invalid("the body is not utf-8"))?;
    let given = Override {
        is_given: call.query.flag("override")?,
        reason: call.query.get("reason").map(str::to_owned),
    };
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::put_description(wanted, text, given)).await
}
