//! `GET /api/v1/session/providers/{name}:begin`: sends a browser to an identity provider.

use axum::extract::State;
use axum::http::HeaderMap;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sign_in::{self, SIGN_IN_SECONDS};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    headers: HeaderMap,
) -> Result<Reply, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let base = desk.base_url(&headers, &call.caller.origin);
    let asked = (name, call.query.get("return_to"));
    let begun = Box::pin(sign_in::begin(&desk, &call.caller, asked, &base)).await?;
    let cookie = begun.cookie.setting(SIGN_IN_SECONDS, call.caller.origin.is_over_tls);
    Ok(Reply::see_other(begun.location).with_cookie(cookie))
}
