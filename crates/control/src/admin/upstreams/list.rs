//! `GET /api/v1/upstreams`: every upstream that the caller may see with its endpoints, by name, and
//! as it is configured.

use std::collections::{BTreeMap, HashSet};

use architrave_core::name::UpstreamName;
use axum::extract::State;
use serde_json::{Value, json};

use super::UpstreamBody;
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
    let now = desk.clock.now();
    let live = desk.registry.upstreams();
    let (shown, next) = objects::list(&desk, &call.caller, kind, &paging, true).await?;
    let body = |name: &str| {
        live.get(&UpstreamName::new(name)).map(|upstream| UpstreamBody::new(upstream, now))
    };
    let mut upstreams: BTreeMap<String, Value> = shown
        .iter()
        .map(|shown| (shown.name.clone(), beside(body(&shown.name), Some(shown))))
        .collect();
    // Those of providers are nobody's objects; who may see everything sees them, too.
    if !paging.is_asked_for && call.caller.may(Permission::ReadObjects, None) {
        let objects: HashSet<&str> = shown.iter().map(|shown| shown.name.as_str()).collect();
        for (name, upstream) in live.iter().filter(|(name, _)| !objects.contains(name.as_str())) {
            let body = beside(Some(UpstreamBody::new(upstream, now)), None);
            upstreams.insert(name.to_string(), body);
        }
    }
    let upstreams: Vec<Value> = upstreams.into_values().collect();
    Ok(Reply::ok(&match paging.is_asked_for {
        true => json!({ "upstreams": upstreams, "next_page_token": next }),
        false => json!({ "upstreams": upstreams }),
    }))
}
