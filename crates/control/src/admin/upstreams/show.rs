//! `GET /api/v1/upstreams/{name}`: one upstream with its endpoints, and as it is configured.

use axum::extract::State;

use super::UpstreamBody;
use crate::admin::objects::beside;
use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let live = super::find(&desk, name);
    let shown = objects::read(&desk, kind, name).await?;
    let live = match (live, &shown) {
        (Err(not_found), None) => return Err(not_found),
        (live, _) => live.ok(),
    };
    let body = live.map(|upstream| UpstreamBody::new(&upstream, desk.clock.now()));
    let etag = shown.as_ref().and_then(objects::Shown::etag);
    Ok(Reply::ok(&beside(body, shown.as_ref())).with_etag(etag))
}
