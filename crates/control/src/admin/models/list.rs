//! `GET /api/v1/models`: every listed model with what serves it and how that does, and as it is
//! configured where that may be seen.

use std::collections::HashMap;

use axum::extract::State;
use serde_json::{Value, json};

use super::ModelBody;
use crate::admin::objects::beside;
use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::page::Paging;
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    paging: Paging,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let live = desk.models.models();
    let (shown, next) = objects::list(&desk, &call.caller, kind, &paging, true).await?;
    if paging.is_asked_for {
        let mut live: HashMap<String, ModelBody> =
            live.into_iter().map(|model| (model.name.clone(), ModelBody::from(model))).collect();
        let models: Vec<Value> =
            shown.iter().map(|shown| beside(live.remove(&shown.name), Some(shown))).collect();
        return Ok(Reply::ok(&json!({ "models": models, "next_page_token": next })));
    }
    // All of them, in the order of the file, as ever; to who sees not all of the gateway, those alone
    // that they see.
    let sees_all = call.caller.may(Permission::ReadGateway, None);
    let shown: HashMap<&str, &objects::Shown> =
        shown.iter().map(|shown| (shown.name.as_str(), shown)).collect();
    let models: Vec<Value> = live
        .into_iter()
        .filter(|model| sees_all || shown.contains_key(model.name.as_str()))
        .map(|model| {
            let shown = shown.get(model.name.as_str()).copied();
            beside(Some(ModelBody::from(model)), shown)
        })
        .collect();
    Ok(Reply::ok(&json!({ "models": models })))
}
