//! `GET /api/v1/audit:export`: what was done by whom, as a file.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::call::Of;
use crate::error::{ApiError, Fault};
use crate::operation::Desk;
use crate::usecase::audit::{self, Format};

/// `true` when there was more than an export holds; ask again with an earlier `until`.
const TRUNCATED: HeaderName = HeaderName::from_static("audit-truncated");

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Response, ApiError> {
    let (format, content_type, disposition) = match call.query.get("format") {
        None | Some("json") => {
            (Format::Json, "application/x-ndjson", "attachment; filename=\"audit.ndjson\"")
        }
        Some("csv") => {
            (Format::Csv, "text/csv; charset=utf-8", "attachment; filename=\"audit.csv\"")
        }
        Some(_) => {
            let fault = Fault::of_parameter("format", "format is json or csv");
            return Err(ApiError::query_fault(fault));
        }
    };
    let (text, is_cut) = audit::export(&desk, &call, format).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
        (TRUNCATED, HeaderValue::from_static(if is_cut { "true" } else { "false" })),
    ];
    Ok((headers, text).into_response())
}
