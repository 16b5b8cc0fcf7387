//! `GET /api/v1/services/{name}/versions`: all versions of it that the caller may see.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    objects::list_versions(&desk, &call.caller, &name).await
}
