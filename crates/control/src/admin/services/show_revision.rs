//! `GET /api/v1/services/{name}/revisions/{revision}`: one revision, with all that it says.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named((name, revision)): Named<(String, String)>,
) -> Result<Reply, ApiError> {
    objects::show_revision(&desk, &name, &revision).await
}
