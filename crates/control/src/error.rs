//! The one envelope of refusals: `application/problem+json` with a code and a message.
//!
//! What the caller is told and what the log is told are different fields.

use std::borrow::Cow;

use architrave_config::ConfigError;
use architrave_config::ports::ReloadError;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;

use crate::json;

/// Why a request was refused. Made only by the functions below, one per case.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    faults: Vec<Fault>,
    detail_for_log: Option<String>,
}

/// One fault of a configuration, as the API says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    file: String,
    line: u32,
    column: u32,
    path: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { status, code, message, faults: Vec::new(), detail_for_log: None }
    }

    pub(crate) fn route_not_found() -> Self {
        let message = "nothing is served at this path; there are /healthz, /readyz, /metrics, \
                       /api/v1/upstreams, /api/v1/models and more, see docs/admin-api.md";
        Self::new(StatusCode::NOT_FOUND, "route_not_found", message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "this path does not answer this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub(crate) fn upstream_not_found(name: &str) -> Self {
        let message = format!("no upstream is named {name}");
        Self::new(StatusCode::NOT_FOUND, "upstream_not_found", message)
    }

    pub(crate) fn model_not_found(name: &str) -> Self {
        let message = format!("no model is listed as {name}");
        Self::new(StatusCode::NOT_FOUND, "model_not_found", message)
    }

    pub(crate) fn lane_not_found(model: &str) -> Self {
        let message = format!("nothing that serves {model} is at that provider by that credential");
        Self::new(StatusCode::NOT_FOUND, "lane_not_found", message)
    }

    pub(crate) fn model_action_not_found(action: &str) -> Self {
        let message = format!("a model takes :ready, not :{action}");
        Self::new(StatusCode::NOT_FOUND, "action_not_found", message)
    }

    pub(crate) fn usage_not_found(consumer: &str) -> Self {
        let message = format!("no consumer is named {consumer}, or it has no budgets");
        Self::new(StatusCode::NOT_FOUND, "usage_not_found", message)
    }

    pub(crate) fn endpoint_not_found(upstream: &str, address: &str) -> Self {
        let message = format!("upstream {upstream} has no endpoint {address}");
        Self::new(StatusCode::NOT_FOUND, "endpoint_not_found", message)
    }

    pub(crate) fn endpoint_exists(upstream: &str, address: &str) -> Self {
        let message = format!("upstream {upstream} already has endpoint {address}");
        Self::new(StatusCode::CONFLICT, "endpoint_exists", message)
    }

    pub(crate) fn endpoint_is_configured(upstream: &str, address: &str) -> Self {
        let message = format!(
            "endpoint {address} of upstream {upstream} comes from the configuration; \
             drain it here or remove it there"
        );
        Self::new(StatusCode::CONFLICT, "endpoint_is_configured", message)
    }

    pub(crate) fn upstream_is_full(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, "upstream_is_full", message)
    }

    pub(crate) fn action_not_found(action: &str) -> Self {
        let message = format!("an endpoint takes :drain, :ready and :set_weight, not :{action}");
        Self::new(StatusCode::NOT_FOUND, "action_not_found", message)
    }

    pub(crate) fn address_invalid() -> Self {
        let message = "an endpoint's address is ip:port, such as 127.0.0.1:9001 or [::1]:9001";
        Self::new(StatusCode::BAD_REQUEST, "address_invalid", message)
    }

    pub(crate) fn path_invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "path_invalid", "the path cannot be read")
    }

    pub(crate) fn body_invalid(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "body_invalid", message)
    }

    pub(crate) fn value_out_of_range(message: String) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "value_out_of_range", message)
    }

    pub(crate) fn body_too_large(bytes_max: usize) -> Self {
        let message = format!("the body may have up to {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    pub(crate) fn content_type_not_supported(expected: &str) -> Self {
        let message = format!("the body must be sent as {expected}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_not_supported", message)
    }

    pub(crate) fn config_refused(error: &ReloadError) -> Self {
        match error {
            ReloadError::Invalid(errors) => Self::config_invalid(errors),
            ReloadError::NotPossible(why) => {
                Self::new(StatusCode::CONFLICT, "config_not_possible", why.clone())
            }
        }
    }

    pub(crate) fn config_invalid(errors: &[ConfigError]) -> Self {
        let message = match errors.len() {
            1 => "the configuration has a fault".to_owned(),
            count => format!("the configuration has {count} faults"),
        };
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "config_invalid", message);
        Self { faults: faults(errors), ..error }
    }

    pub(crate) fn host_not_allowed() -> Self {
        let message = "the host must be localhost, a loopback address or the admin address";
        Self::new(StatusCode::FORBIDDEN, "host_not_allowed", message)
    }

    pub(crate) fn origin_not_allowed() -> Self {
        let message = "pages of another origin may not call the admin api";
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", message)
    }

    pub(crate) fn peer_not_allowed() -> Self {
        let message = "without a token the admin api answers to loopback only";
        Self::new(StatusCode::FORBIDDEN, "peer_not_allowed", message)
    }

    pub(crate) fn token_missing() -> Self {
        let message = "send the token as authorization: bearer";
        Self::new(StatusCode::UNAUTHORIZED, "token_missing", message)
    }

    pub(crate) fn token_invalid() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_invalid", "the token is not the admin token")
    }

    pub(crate) fn internal(detail_for_log: String) -> Self {
        let message = "something in the gateway went wrong; its log says more";
        let error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message);
        Self { detail_for_log: Some(detail_for_log), ..error }
    }

    pub(crate) fn into_whole_response(self) -> Response<Bytes> {
        if let Some(detail) = &self.detail_for_log {
            tracing::error!(code = self.code, detail, "admin api failed");
        }
        let envelope = Envelope {
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            message: &self.message,
            errors: &self.faults,
        };
        let body = json::text(&envelope).expect("strings and numbers are always JSON");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        self.into_whole_response().map(axum::body::Body::from)
    }
}

/// Every fault, in the order of the text.
pub(crate) fn faults(errors: &[ConfigError]) -> Vec<Fault> {
    errors.iter().map(Fault::from).collect()
}

impl From<&ConfigError> for Fault {
    fn from(error: &ConfigError) -> Self {
        Self {
            file: error.file.clone(),
            line: error.line,
            column: error.column,
            path: error.path.clone(),
            message: error.message.clone(),
            suggestion: error.suggestion.clone(),
        }
    }
}
