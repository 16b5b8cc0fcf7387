//! `GET /api/v1/upstreams/{name}/endpoints/{address}`: one endpoint.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::admin::upstreams;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;

pub(crate) async fn run(
    State(dependencies): State<Desk>,
    Named((name, address)): Named<(String, String)>,
) -> Result<Response, ApiError> {
    let upstream = upstreams::find(&dependencies, &name)?;
    let address = super::parse_address(&address)?;
    super::answer(StatusCode::OK, &upstream, address, dependencies.clock.now())
}
