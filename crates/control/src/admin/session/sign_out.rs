//! `DELETE /api/v1/session`: ends the session that the cookie shows.

use axum::extract::State;

use crate::call::Of;
use crate::caller::clearing_cookie;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::sessions;

pub(crate) async fn run(State(desk): State<Desk>, Of(call): Of) -> Result<Reply, ApiError> {
    let reply = sessions::sign_out(&desk, &call).await?;
    Ok(reply.with_cookie(clearing_cookie(call.caller.origin.is_over_tls)))
}
