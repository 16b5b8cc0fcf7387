//! `POST …/endpoints/{address}:drain`: no new requests go there; those in flight are finished.

use axum::extract::State;
use axum::response::Response;

use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(named): Named<(String, String)>,
) -> Result<Response, ApiError> {
    super::act(&desk, &named, |endpoint| endpoint.drain())
}
