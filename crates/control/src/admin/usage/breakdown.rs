//! `GET /api/v1/usage/breakdown`: everything that was added up, by no, one or two dimensions.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer;
use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::usecase::usage::{self, Form, UsageBreakdown};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let form = Form::read(&call, &headers)?;
    let breakdown = usage::breakdown(&desk, &call).await?;
    Ok(answer(form, &breakdown, UsageBreakdown::to_csv))
}
