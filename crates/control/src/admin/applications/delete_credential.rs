//! `DELETE /api/v1/applications/{name}/credentials/{credential}`: a key that has ended is forgotten.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::credentials;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named((name, credential)): Named<(String, String)>,
) -> Result<Reply, ApiError> {
    credentials::delete(&desk, &call, (&name, &credential)).await
}
