//! `POST /api/v1/objects:apply`: many things are made so at once, or none of them.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::WholeBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Apply};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    WholeBody(wanted): WholeBody<Apply>,
) -> Result<Reply, ApiError> {
    Box::pin(objects::apply(&desk, &call, wanted)).await
}
