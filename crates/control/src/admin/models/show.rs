//! `GET /api/v1/models/{name}`: one model with what serves it and how that does, and as it is
//! configured.

use axum::extract::State;

use super::ModelBody;
use crate::admin::objects::beside;
use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let live = desk.models.models().into_iter().find(|model| model.name == name);
    let shown = objects::read(&desk, kind, name).await?;
    if live.is_none() && shown.is_none() {
        return Err(ApiError::model_not_found(name));
    }
    let etag = shown.as_ref().and_then(objects::Shown::etag);
    Ok(Reply::ok(&beside(live.map(ModelBody::from), shown.as_ref())).with_etag(etag))
}
