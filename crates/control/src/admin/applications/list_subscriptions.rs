//! `GET /api/v1/applications/{name}/subscriptions`: what it has asked for, the oldest first.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::subscriptions::{self, Asked};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
    paging: Paging,
) -> Result<Reply, ApiError> {
    let asked = Asked { application: Some(&name), ..Asked::of(&call)? };
    Ok(Reply::ok(&subscriptions::list(&desk, &call.caller, asked, &paging).await?))
}
