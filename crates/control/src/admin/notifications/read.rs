//! `POST /api/v1/notifications/{notification}:read`: the caller has read it.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::notifications;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(id): Named<String>,
) -> Result<Reply, ApiError> {
    notifications::read(&desk, &call, &id).await
}
