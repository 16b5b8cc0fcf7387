//! `POST …/endpoints/{address}:drain`, `:ready` and `:set_weight`: what can be done to an
//! endpoint without touching the configuration.

use std::net::SocketAddr;
use std::sync::Arc;

use architrave_balance::{Endpoint, Upstream};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::WEIGHT_MAX;
use crate::admin::upstreams;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::path::Named;

/// The body of `:set_weight`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weight {
    weight: u32,
}

pub(crate) async fn run(
    State(dependencies): State<Arc<Dependencies>>,
    Named((name, target)): Named<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    let upstream = upstreams::find(&dependencies, &name)?;
    let (address, action) = split(&target)?;
    let endpoint =
        upstream.endpoint(address).ok_or_else(|| super::not_found(&upstream, address))?;
    match action {
        "drain" => endpoint.drain(),
        "ready" => endpoint.ready(),
        "set_weight" => set_weight(&endpoint, request).await?,
        other => return Err(ApiError::action_not_found(other)),
    }
    let now = dependencies.clock.now();
    put_in_force(&upstream, now);
    super::answer(StatusCode::OK, &upstream, address, now)
}

/// `[::1]:80:drain` is `[::1]:80` and `drain`.
fn split(target: &str) -> Result<(SocketAddr, &str), ApiError> {
    if target.parse::<SocketAddr>().is_ok() {
        return Err(ApiError::method_not_allowed());
    }
    let (address, action) = target.rsplit_once(':').ok_or_else(ApiError::address_invalid)?;
    Ok((super::parse_address(address)?, action))
}

async fn set_weight(endpoint: &Endpoint, request: Request) -> Result<(), ApiError> {
    let JsonBody(Weight { weight }) = JsonBody::from_request(request, &()).await?;
    if weight > WEIGHT_MAX {
        return Err(ApiError::value_out_of_range(format!("weight is 0 to {WEIGHT_MAX}")));
    }
    endpoint.set_weight(weight);
    Ok(())
}

/// So that the answer shows what the caller asked for, and not what was so a moment before.
fn put_in_force(upstream: &Upstream, now: architrave_core::Moment) {
    for change in upstream.refresh(now) {
        let (endpoint, turned) = (change.endpoint.address(), change.transition.as_str());
        tracing::info!(upstream = %upstream.name(), %endpoint, turned, "endpoint turned");
    }
}
