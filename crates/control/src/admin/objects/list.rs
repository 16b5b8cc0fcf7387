//! `GET /api/v1/{kind}`: the objects of a kind that the caller may see, by name.

use axum::extract::State;
use serde_json::{Value, json};

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    paging: Paging,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let (shown, next) = objects::list(&desk, &call.caller, kind, &paging, false).await?;
    let shown: Vec<Value> = shown.iter().map(super::envelope).collect();
    Ok(Reply::ok(&json!({ kind.plural(): shown, "next_page_token": next })))
}
