//! Endpoints as the API shows them; the actions are beside this file.

use std::net::SocketAddr;
use std::time::Duration;

use architrave_balance::{Endpoint, EndpointStatus, Health, Origin, Upstream};
use architrave_core::Moment;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::upstreams;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json;

pub(crate) mod add;
pub(crate) mod drain;
pub(crate) mod ready;
pub(crate) mod remove;
pub(crate) mod set_weight;
pub(crate) mod show;

/// The heaviest an endpoint can be, as in an SRV record.
const WEIGHT_MAX: u32 = 65_535;

/// An endpoint, as it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndpointBody {
    #[schema(value_type = String)]
    address: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
    /// `configured` or `api`.
    origin: &'static str,
    health: &'static str,
    is_draining: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ejected_for_ms: Option<f64>,
    weight: u32,
    share_percent: u32,
    priority: u32,
    in_flight: u32,
    idle_connections: u32,
    requests: u64,
    failures: u64,
    failures_in_a_row: u32,
    ejections: u64,
    latency_ms: Option<f64>,
    /// What the last health check found wrong; `null` where it passed or there is none.
    check_error: Option<String>,
}

impl EndpointBody {
    fn new((origin, status): (Origin, EndpointStatus)) -> Self {
        Self {
            address: status.address,
            server_name: status.server_name,
            origin: match origin {
                Origin::Configured(_) => "configured",
                Origin::AddedByHand => "api",
            },
            health: status.health.as_str(),
            is_draining: status.is_draining,
            ejected_for_ms: status.ejected_for.map(millis),
            weight: status.weight,
            share_percent: status.share_percent,
            priority: status.priority,
            in_flight: status.in_flight,
            idle_connections: status.idle_connections,
            requests: status.requests,
            failures: status.failures,
            failures_in_a_row: status.failures_in_a_row,
            ejections: status.ejections,
            latency_ms: status.latency.map(millis),
            check_error: status.probe_error,
        }
    }

    pub(super) fn is_available(&self) -> bool {
        self.health == Health::Healthy.as_str() && !self.is_draining
    }
}

/// Every endpoint, by address.
pub(super) fn endpoint_bodies(upstream: &Upstream, now: Moment) -> Vec<EndpointBody> {
    let mut endpoints: Vec<_> = upstream.status(now).into_iter().map(EndpointBody::new).collect();
    endpoints.sort_by_key(|endpoint| endpoint.address);
    endpoints
}

/// Answers with one endpoint.
fn answer(
    status: StatusCode,
    upstream: &Upstream,
    address: SocketAddr,
    now: Moment,
) -> Result<Response, ApiError> {
    let endpoints = upstream.status(now);
    let found = endpoints.into_iter().find(|(_, endpoint)| endpoint.address == address);
    let found = found.ok_or_else(|| not_found(upstream, address))?;
    Ok(json::answer(status, &EndpointBody::new(found)))
}

fn not_found(upstream: &Upstream, address: SocketAddr) -> ApiError {
    ApiError::endpoint_not_found(upstream.name().as_str(), &address.to_string())
}

fn parse_address(text: &str) -> Result<SocketAddr, ApiError> {
    text.parse().map_err(|_invalid| ApiError::address_invalid())
}

/// Does something to the endpoint that a path names, and answers with it as it is then.
fn act(
    dependencies: &Dependencies,
    (name, address): &(String, String),
    what: impl FnOnce(&Endpoint),
) -> Result<Response, ApiError> {
    let upstream = upstreams::find(dependencies, name)?;
    let address = parse_address(address)?;
    let endpoint = upstream.endpoint(address).ok_or_else(|| not_found(&upstream, address))?;
    what(&endpoint);
    let now = dependencies.clock.now();
    put_in_force(&upstream, now);
    answer(StatusCode::OK, &upstream, address, now)
}

/// So that the answer shows what the caller asked for, and not what was so a moment before.
fn put_in_force(upstream: &Upstream, now: Moment) {
    for change in upstream.refresh(now) {
        let (endpoint, turned) = (change.endpoint.address(), change.transition.as_str());
        tracing::info!(upstream = %upstream.name(), %endpoint, turned, "endpoint turned");
    }
}

/// Whole microseconds, so that no digit is shown that was not measured.
#[expect(clippy::cast_precision_loss, reason = "microseconds of days fit")]
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}
