//! `POST /api/v1/services/{name}/revisions`: a revision that is not in force yet.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::LargeBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Preparation, Wanted};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    conditions: Conditions,
    LargeBody(preparation): LargeBody<Preparation>,
) -> Result<Reply, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let kind = call.kind()?;
    let wanted = Wanted { dependencies: &desk, call: &call, kind, name, conditions: &conditions };
    Box::pin(objects::prepare(wanted, preparation)).await
}
