//! `POST /api/v1/session`: signs in with e-mail address and password.

use axum::extract::State;

use crate::caller::Caller;
use crate::caller::setting_cookie;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sessions::{self, COOKIE_SECONDS, SignIn};

pub(crate) async fn run(
    State(desk): State<Desk>,
    caller: Caller,
    JsonBody(wanted): JsonBody<SignIn>,
) -> Result<Reply, ApiError> {
    let opened = Box::pin(sessions::sign_in(&desk, &caller, wanted)).await?;
    let cookie = setting_cookie(&opened.cookie, COOKIE_SECONDS, caller.origin.is_over_tls);
    Ok(Reply::ok(&opened.body).with_cookie(cookie))
}
