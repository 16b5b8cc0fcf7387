//! `POST /api/v1/upstreams/{name}/endpoints`: adds an endpoint that the configuration does not
//! have. It stays through reloads, and goes with the process.

use architrave_balance::{Discovered, MembershipError, Upstream};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION};
use axum::response::Response;
use serde::Deserialize;
use std::net::SocketAddr;
use utoipa::ToSchema;

use super::WEIGHT_MAX;
use crate::admin::upstreams;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;

/// The same keys as an endpoint of the file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    address: String,
    #[serde(default = "default_weight")]
    #[schema(minimum = 1, maximum = 65535, default = 1)]
    weight: u32,
    #[serde(default)]
    priority: u8,
}

const fn default_weight() -> u32 {
    1
}

pub(crate) async fn run(
    State(dependencies): State<Desk>,
    Named(name): Named<String>,
    JsonBody(new): JsonBody<NewEndpoint>,
) -> Result<Response, ApiError> {
    let upstream = upstreams::find(&dependencies, &name)?;
    let address = super::parse_address(&new.address)?;
    if !(1..=WEIGHT_MAX).contains(&new.weight) || address.port() == 0 {
        let message = format!("weight is 1 to {WEIGHT_MAX}, a port is 1 to 65535");
        return Err(ApiError::value_out_of_range(message));
    }
    let endpoint = Discovered {
        address,
        weight: new.weight,
        priority: new.priority.into(),
        server_name: None,
    };
    let now = dependencies.clock.now();
    upstream.add_endpoint(endpoint, now).map_err(|error| refused(error, &upstream, address))?;
    let mut response = super::answer(StatusCode::CREATED, &upstream, address, now)?;
    let location = format!("/api/v1/upstreams/{}/endpoints/{address}", upstream.name());
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) fn refused(
    error: MembershipError,
    upstream: &Upstream,
    address: SocketAddr,
) -> ApiError {
    let (name, address) = (upstream.name().as_str(), address.to_string());
    match error {
        MembershipError::Exists => ApiError::endpoint_exists(name, &address),
        MembershipError::NotFound => ApiError::endpoint_not_found(name, &address),
        MembershipError::Configured => ApiError::endpoint_is_configured(name, &address),
        MembershipError::Full => ApiError::upstream_is_full(error.to_string()),
    }
}
