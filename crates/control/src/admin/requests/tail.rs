//! `GET /api/v1/requests:tail`: exchanges as they end, as server-sent events.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::usecase::usage;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Response, ApiError> {
    let stream = usage::tail(&desk, &call).await?;
    let head = [(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
    let mut response = head.into_response();
    response.extensions_mut().insert(stream);
    Ok(response)
}
