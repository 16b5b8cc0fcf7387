//! `POST /api/v1/config:validate`: says every fault of the configuration in the body.
//!
//! The body is the configuration itself, as YAML or JSON; nothing of it is kept.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::json;
use crate::operation::Desk;

/// None of these can be sent by a form on a foreign page.
const TYPES: [&str; 3] = ["application/json", "application/yaml", "application/x-yaml"];

/// That a configuration has no fault.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValidatedConfig {
    valid: bool,
}

pub(crate) async fn run(
    State(dependencies): State<Desk>,
    request: Request,
) -> Result<Response, ApiError> {
    if !json::is_sent_as(request.headers(), &TYPES) {
        let expected = "application/yaml or application/json";
        return Err(ApiError::content_type_not_supported(expected));
    }
    let body = json::bytes(request).await?;
    let text = String::from_utf8(body.into())
        .map_err(|_invalid| ApiError::body_invalid("the body is not utf-8".to_owned()))?;
    let checked = dependencies.config.validate(text).await;
    checked.map_err(|errors| ApiError::config_invalid(&errors))?;
    Ok(json::answer(StatusCode::OK, &ValidatedConfig { valid: true }))
}
