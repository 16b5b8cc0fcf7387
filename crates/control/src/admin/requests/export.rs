//! `GET /api/v1/requests:export`: the request log as a file.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::usecase::usage::{self, Form};

/// `true` when there was more than an export holds; ask again with an earlier `to`.
const TRUNCATED: HeaderName = HeaderName::from_static("requests-truncated");

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let form = Form::read(&call, &headers)?;
    let (text, is_cut) = usage::export(&desk, &call, form).await?;
    let (content_type, disposition) = match form {
        Form::Json => ("application/x-ndjson", "attachment; filename=\"requests.ndjson\""),
        Form::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"requests.csv\""),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
        (TRUNCATED, HeaderValue::from_static(if is_cut { "true" } else { "false" })),
    ];
    Ok((headers, text).into_response())
}
