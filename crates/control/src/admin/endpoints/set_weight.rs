//! `POST …/endpoints/{address}:set_weight`: another weight, until the configuration gives it one.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::WEIGHT_MAX;
use crate::error::ApiError;
use crate::json::JsonBody;
use crate::operation::Desk;
use crate::path::Named;

/// How much of the traffic an endpoint gets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointWeight {
    #[schema(minimum = 0, maximum = 65535)]
    weight: u32,
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    Named(named): Named<(String, String)>,
    JsonBody(EndpointWeight { weight }): JsonBody<EndpointWeight>,
) -> Result<Response, ApiError> {
    if weight > WEIGHT_MAX {
        return Err(ApiError::value_out_of_range(format!("weight is 0 to {WEIGHT_MAX}")));
    }
    super::act(&desk, &named, |endpoint| endpoint.set_weight(weight))
}
