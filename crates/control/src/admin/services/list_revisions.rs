//! `GET /api/v1/services/{name}/revisions`: what it was like after each change, the latest first.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(name): Named<String>,
    paging: Paging,
) -> Result<Reply, ApiError> {
    objects::list_revisions(&desk, &name, &paging).await
}
