//! `GET /readyz`: whether traffic can be taken, and why not.
//!
//! A configuration that was refused later does not make a serving gateway unready, but it is said
//! here, because this is where people look.

use architrave_config::ports::Readiness;
use architrave_telemetry::stamp::rfc3339;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::json;
use crate::operation::Desk;

/// Whether traffic can be taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reload_error: Option<LastReloadError>,
}

/// Why the latest configuration was refused.
#[derive(Serialize, ToSchema)]
struct LastReloadError {
    at: String,
    message: String,
}

pub(crate) async fn run(State(dependencies): State<Desk>, caller: Caller) -> Response {
    let (code, status, waiting_for) = match dependencies.config.readiness() {
        Readiness::Ready => (StatusCode::OK, "ready", None),
        Readiness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining", None),
        Readiness::Starting { waiting_for } => {
            (StatusCode::SERVICE_UNAVAILABLE, "starting", Some(waiting_for))
        }
    };
    // What is in the file is nobody's business who has not shown the token.
    let refused = if caller.is_known() { dependencies.config.status().refused } else { None };
    let last_reload_error = refused.map(|refusal| LastReloadError {
        at: rfc3339(refusal.at),
        message: refusal.error.to_string(),
    });
    json::answer_in_line(code, &ReadinessBody { status, waiting_for, last_reload_error })
}
