//! `POST /api/v1/config:validate`: says every fault of the configuration in the body.
//!
//! The body is the configuration itself, as YAML or JSON; nothing of it is kept.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json;

/// None of these can be sent by a form on a foreign page.
const TYPES: [&str; 3] = ["application/json", "application/yaml", "application/x-yaml"];

#[derive(Serialize)]
struct Body {
    valid: bool,
}

pub(crate) async fn run(
    State(dependencies): State<Arc<Dependencies>>,
    request: Request,
) -> Result<Response, ApiError> {
    if !json::is_sent_as(request.headers(), &TYPES) {
        let expected = "application/yaml or application/json";
        return Err(ApiError::content_type_not_supported(expected));
    }
    let body = json::bytes(request, &()).await?;
    let text = String::from_utf8(body.into())
        .map_err(|_invalid| ApiError::body_invalid("the body is not utf-8".to_owned()))?;
    let checked = dependencies.config.validate(text).await;
    checked.map_err(|errors| ApiError::config_invalid(&errors))?;
    Ok(json::answer(StatusCode::OK, &Body { valid: true }))
}
