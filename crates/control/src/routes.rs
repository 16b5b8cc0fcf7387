//! Every path of the admin API, in one list.
//!
//! One line per path, one file per action under `admin/`; `docs/admin-api.md` explains each.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::admin::{
    config, endpoints, healthz, metrics, models, readyz, upstreams, usage, version,
};
use crate::api::Dependencies;
use crate::error::ApiError;

pub(crate) fn router(dependencies: Arc<Dependencies>) -> Router {
    Router::new()
        .route("/healthz", get(healthz::run))
        .route("/readyz", get(readyz::run))
        .route("/metrics", get(metrics::run))
        .route("/api/v1/version", get(version::run))
        .route("/api/v1/config", get(config::status::run))
        .route("/api/v1/config:reload", post(config::reload::run))
        .route("/api/v1/config:validate", post(config::validate::run))
        .route("/api/v1/models", get(models::list::run))
        // {name}:ready; names of models have colons, too.
        .route("/api/v1/models/{name}", get(models::show::run).post(models::act::run))
        .route("/api/v1/usage", get(usage::list::run))
        .route("/api/v1/usage/{consumer}", get(usage::show::run))
        .route("/api/v1/upstreams", get(upstreams::list::run))
        .route("/api/v1/upstreams/{name}", get(upstreams::show::run))
        .route("/api/v1/upstreams/{name}/endpoints", post(endpoints::add::run))
        // {address}:drain, {address}:ready and {address}:set_weight; addresses have colons too,
        // so `act` finds the last one.
        .route(
            "/api/v1/upstreams/{name}/endpoints/{address}",
            get(endpoints::show::run).post(endpoints::act::run).delete(endpoints::remove::run),
        )
        .fallback(async || ApiError::route_not_found())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .with_state(dependencies)
}
