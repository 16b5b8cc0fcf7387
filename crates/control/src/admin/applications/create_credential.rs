//! `POST /api/v1/applications/{name}/credentials`: a key for it; the answer shows it, once.

use axum::extract::{Request, State};

use crate::call::Of;
use crate::error::ApiError;
use crate::json;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::credentials::{self, NewCredentialBody};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    request: Request,
) -> Result<Reply, ApiError> {
    let wanted: NewCredentialBody = json::maybe(request).await?;
    credentials::make(&desk, &call, &name, wanted).await
}
