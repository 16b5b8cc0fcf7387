//! `GET /api/v1/service_accounts/{name}/tokens`: its tokens, the oldest first.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::service_accounts;
use crate::usecase::tokens;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
    paging: Paging,
) -> Result<Reply, ApiError> {
    let account = service_accounts::find(&desk, &name).await?;
    let owner = Some(service_accounts::owner(&account));
    Ok(Reply::ok(&tokens::list(&desk, owner, &paging).await?))
}
