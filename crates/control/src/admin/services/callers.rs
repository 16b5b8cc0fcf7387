//! `GET /api/v1/services/{name}/callers`: who has called it of late.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::usage::callers;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    let days = callers::days(&call)?;
    Ok(Reply::ok(&callers::of_service(&desk, &name, days).await?))
}
