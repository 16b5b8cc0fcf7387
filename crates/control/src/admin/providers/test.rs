//! `POST /api/v1/providers/{name}:test`: whether a provider that is there answers.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Reply, ApiError> {
    let tested = Box::pin(objects::test_provider(&desk, &call)).await?;
    Ok(Reply::ok(&tested))
}
