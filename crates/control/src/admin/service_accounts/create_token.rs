//! `POST /api/v1/service_accounts/{name}/tokens`: a token for it; the answer shows it, once.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::service_accounts;
use crate::usecase::tokens::{self, NewTokenBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    JsonBody(wanted): JsonBody<NewTokenBody>,
) -> Result<Reply, ApiError> {
    let account = service_accounts::find(&desk, &name).await?;
    tokens::make(&desk, &call, service_accounts::owner(&account), wanted).await
}
