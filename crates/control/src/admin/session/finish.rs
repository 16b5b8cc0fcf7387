//! `GET /api/v1/session/callback`: lets somebody in whom their identity provider has sent back.

use axum::extract::State;
use axum::http::HeaderMap;

use crate::call::Of;
use crate::caller::{SignInCookie, setting_cookie};
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sessions::COOKIE_SECONDS;
use crate::usecase::sign_in;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    headers: HeaderMap,
) -> Result<Reply, ApiError> {
    let is_over_tls = call.caller.origin.is_over_tls;
    let cookie = SignInCookie::of(&headers, is_over_tls);
    let finished = Box::pin(sign_in::finish(&desk, &call.caller, cookie, &call.query)).await?;
    let session = setting_cookie(&finished.opened.cookie, COOKIE_SECONDS, is_over_tls);
    let reply = Reply::see_other(finished.return_to).with_cookie(session);
    Ok(reply.with_cookie(SignInCookie::clearing(is_over_tls)))
}
