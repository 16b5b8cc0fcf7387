//! `GET /api/v1/services/{name}/revisions/{revision}/diff`: what changed, in the configuration and
//! in the API.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::objects;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named((name, revision)): Named<(String, String)>,
) -> Result<Reply, ApiError> {
    let against = call.query.get("against");
    let now = desk.clock.wall();
    objects::compare_revisions(&desk, &name, &revision, against, now).await
}
