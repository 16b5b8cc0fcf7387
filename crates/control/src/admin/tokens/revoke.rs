//! `POST /api/v1/tokens/{token}:revoke`: a token of the caller's is worth nothing any more, at once.

use axum::extract::State;

use crate::call::Of;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;
use crate::reply::Reply;
use crate::usecase::tokens::{self, Owner};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    Named(name): Named<String>,
) -> Result<Reply, ApiError> {
    tokens::revoke(&desk, &call, Owner::of(&call.caller), &name).await
}
