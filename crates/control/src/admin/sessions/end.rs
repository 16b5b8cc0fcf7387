//! `DELETE /api/v1/sessions/{session}`: signs the caller out elsewhere.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::sessions;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    sessions::end(&desk, &call, &name).await
}
