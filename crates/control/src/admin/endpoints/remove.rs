//! `DELETE /api/v1/upstreams/{name}/endpoints/{address}`: removes an endpoint that was added by
//! the API. Requests in flight at it are finished.

use axum::extract::State;
use axum::http::StatusCode;

use super::add::refused;
use crate::admin::upstreams;
use crate::error::ApiError;
use crate::operation::Desk;
use crate::path::Named;

pub(crate) async fn run(
    State(dependencies): State<Desk>,
    Named((name, address)): Named<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let upstream = upstreams::find(&dependencies, &name)?;
    let address = super::parse_address(&address)?;
    upstream
        .remove_endpoint(address, dependencies.clock.now())
        .map_err(|error| refused(error, &upstream, address))?;
    Ok(StatusCode::NO_CONTENT)
}
