//! `GET /api/v1/usage/series`: one metric over time.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer;
use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::usecase::usage::{self, Form, UsageSeries};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let form = Form::read(&call, &headers)?;
    let series = usage::series(&desk, &call).await?;
    Ok(answer(form, &series, UsageSeries::to_csv))
}
