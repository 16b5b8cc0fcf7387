//! `POST /api/v1/service_accounts/{name}/tokens/{token}:revoke`: a token of it is worth nothing any more.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::service_accounts;
use crate::usecase::tokens;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named((name, other)): Named<(String, String)>,
) -> Result<Reply, ApiError> {
    let account = service_accounts::find(&desk, &name).await?;
    tokens::revoke(&desk, &call, Some(service_accounts::owner(&account)), &other).await
}
