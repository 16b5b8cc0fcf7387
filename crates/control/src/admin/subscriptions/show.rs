//! `GET /api/v1/subscriptions/{subscription}`: one subscription.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::subscriptions;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(id): Named<String>,
) -> Result<Reply, ApiError> {
    subscriptions::read(&desk, &id).await
}
