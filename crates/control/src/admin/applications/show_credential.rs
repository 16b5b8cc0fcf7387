//! `GET /api/v1/applications/{name}/credentials/{credential}`: one key, without what it is.

use axum::extract::State;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::credentials;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named((name, credential)): Named<(String, String)>,
) -> Result<Reply, ApiError> {
    credentials::read(&desk, (&name, &credential)).await
}
