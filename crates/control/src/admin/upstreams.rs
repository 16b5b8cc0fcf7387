//! Upstreams as the API shows them; the actions are beside this file.

use architrave_balance::Upstream;
use architrave_config::BalanceAlgorithm;
use architrave_core::Moment;
use architrave_core::name::{self, UpstreamName};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::endpoints::{EndpointBody, endpoint_bodies};
use crate::api::Dependencies;
use crate::error::ApiError;

pub(crate) mod list;
pub(crate) mod show;

/// An upstream, as it does now.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpstreamBody {
    name: String,
    balance: &'static str,
    in_flight: u32,
    endpoints_available: usize,
    endpoints: Vec<EndpointBody>,
}

impl UpstreamBody {
    fn new(upstream: &Upstream, now: Moment) -> Self {
        let endpoints = endpoint_bodies(upstream, now);
        Self {
            name: upstream.name().to_string(),
            balance: algorithm_word(upstream.config().balance),
            in_flight: upstream.in_flight(),
            endpoints_available: endpoints.iter().filter(|one| one.is_available()).count(),
            endpoints,
        }
    }
}

/// Finds a live upstream by the name in a path.
pub(super) fn find(dependencies: &Dependencies, text: &str) -> Result<Arc<Upstream>, ApiError> {
    let found = name::check(text).then(|| dependencies.registry.get(&UpstreamName::new(text)));
    found.flatten().ok_or_else(|| ApiError::upstream_not_found(text))
}

/// The word of the configuration file.
fn algorithm_word(algorithm: BalanceAlgorithm) -> &'static str {
    match algorithm {
        BalanceAlgorithm::RoundRobin => "round_robin",
        BalanceAlgorithm::LeastRequest => "least_request",
        BalanceAlgorithm::P2cLeastRequest => "p2c_least_request",
        BalanceAlgorithm::P2cEwma => "p2c_ewma",
        BalanceAlgorithm::RingHash => "ring_hash",
        BalanceAlgorithm::Maglev => "maglev",
        BalanceAlgorithm::Random => "random",
        BalanceAlgorithm::First => "first",
    }
}
