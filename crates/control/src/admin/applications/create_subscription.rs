//! `POST /api/v1/applications/{name}/subscriptions`: it asks for a plan.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::subscriptions::{self, NewSubscriptionBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    JsonBody(wanted): JsonBody<NewSubscriptionBody>,
) -> Result<Reply, ApiError> {
    subscriptions::create(&desk, &call, &name, wanted).await
}
