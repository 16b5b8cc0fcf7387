//! `POST /api/v1/applications/{name}/credentials/{credential}:rotate`: a new key takes the place of
//! an old one, which goes on for a while.

use axum::extract::{Request, State};

use crate::call::Of;
use crate::error::ApiError;
use crate::json;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::credentials::{self, Rotation};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named((name, credential)): Named<(String, String)>,
    request: Request,
) -> Result<Reply, ApiError> {
    let wanted: Rotation = json::maybe(request).await?;
    credentials::rotate(&desk, &call, (&name, &credential), wanted).await
}
