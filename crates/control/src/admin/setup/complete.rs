//! `POST /api/v1/setup`: the first admin, by the code that the first start shows.

use axum::extract::State;
use axum::http::StatusCode;

use crate::caller::Caller;
use crate::caller::setting_cookie;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sessions::COOKIE_SECONDS;
use crate::usecase::setup::{self, SetUp};

pub(crate) async fn run(
    State(desk): State<Desk>,
    caller: Caller,
    JsonBody(wanted): JsonBody<SetUp>,
) -> Result<Reply, ApiError> {
    let opened = Box::pin(setup::set_up(&desk, &caller, wanted)).await?;
    let cookie = setting_cookie(&opened.cookie, COOKIE_SECONDS, caller.origin.is_over_tls);
    Ok(Reply::new(StatusCode::CREATED, &opened.body).with_cookie(cookie))
}
