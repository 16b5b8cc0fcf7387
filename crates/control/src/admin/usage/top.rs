//! `GET /api/v1/usage/top`: the names with the most of something.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer;
use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::usecase::usage::{self, Form, UsageTop};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let form = Form::read(&call, &headers)?;
    let top = usage::top(&desk, &call).await?;
    Ok(answer(form, &top, UsageTop::to_csv))
}
