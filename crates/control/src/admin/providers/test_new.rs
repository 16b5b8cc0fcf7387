//! `POST /api/v1/providers:test`: whether a provider would answer, before it is saved.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::ConfigBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    ConfigBody(body): ConfigBody,
) -> Result<Reply, ApiError> {
    let tested = Box::pin(objects::test_new_provider(&desk, &call, body)).await?;
    Ok(Reply::ok(&tested))
}
