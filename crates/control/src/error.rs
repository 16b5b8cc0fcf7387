//! The one envelope of refusals: `application/problem+json` (RFC 9457) with a code.
//!
//! What the caller is told and what the log is told are different fields. A refusal knows nothing
//! of the request; its id is put in where the answer leaves, in `api.rs`.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use architrave_config::ConfigError;
use architrave_config::ports::ReloadError;
use axum::body::Bytes;
use axum::http::header::{ALLOW, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::code::Code;
use crate::json;

/// Why a request was refused. Boxed, since most answers are none.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(Box<Refusal>);

#[derive(Clone, Debug)]
struct Refusal {
    code: Code,
    message: Cow<'static, str>,
    faults: Vec<Fault>,
    etag: Option<String>,
    retry_after: Option<Duration>,
    allow: Option<String>,
    detail_for_log: Option<String>,
}

/// One fault of what was sent, or of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Where in the body, as a JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// Which query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// Which object, where it is another one than the body's: `route/orders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    /// Which gateway file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// The column in the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// The path in the file: `routes[2].match[0].path`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suggestion: Option<String>,
}

/// The envelope, as it is sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:architrave:problem:` and the code.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// For programs; does not change.
    code: String,
    /// For people: what is wrong, and with what.
    detail: String,
    /// The same as `detail`.
    message: String,
    /// Every fault, where there are several places to look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// What the log and the audit log call this request; missing where none could be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Fault {
    /// A fault of the body, at a JSON Pointer.
    pub(crate) fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), message: message.into(), ..Self::default() }
    }

    /// A fault of a query parameter.
    pub(crate) fn of_parameter(name: &str, message: impl Into<String>) -> Self {
        Self { parameter: Some(name.to_owned()), message: message.into(), ..Self::default() }
    }

    /// The same of another object than the body's: `routes/orders`.
    pub(crate) fn of_object(self, object: Option<String>) -> Self {
        Self { object, ..self }
    }

    pub(crate) fn with_suggestion(self, suggestion: Option<impl Into<String>>) -> Self {
        Self { suggestion: suggestion.map(Into::into), ..self }
    }
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Refusal {
            code,
            message: message.into(),
            faults: Vec::new(),
            etag: None,
            retry_after: None,
            allow: None,
            detail_for_log: None,
        }))
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// With its faults below a place of the body, where what they are of stands.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        for fault in &mut self.0.faults {
            let within = fault.pointer.take().unwrap_or_default();
            fault.pointer = Some(format!("{pointer}{within}"));
        }
        self
    }

    /// With its faults in that object, where the body has several.
    pub(crate) fn of_object(mut self, object: &str) -> Self {
        for fault in &mut self.0.faults {
            fault.object.get_or_insert_with(|| object.to_owned());
        }
        self
    }

    /// What the object is now, for who wants to try again.
    pub(crate) fn with_etag(mut self, etag: Option<String>) -> Self {
        self.0.etag = etag;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// What the log is told, and the caller is not.
    fn with_detail(mut self, detail_for_log: impl Into<String>) -> Self {
        self.0.detail_for_log = Some(detail_for_log.into());
        self
    }

    pub(crate) fn route_not_found() -> Self {
        let message = "nothing is served at this path; there are /healthz, /readyz, /metrics, \
                       /api/v1/upstreams, /api/v1/models and more, see docs/admin-api.md";
        Self::new(Code::RouteNotFound, message)
    }

    /// The same where nobody is told what there is elsewhere.
    pub(crate) fn nothing_here() -> Self {
        Self::new(Code::RouteNotFound, "nothing is served at this path")
    }

    /// `allow`: the methods that the path answers.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let mut error = Self::new(Code::MethodNotAllowed, "this path does not answer this method");
        error.0.allow = Some(allow);
        error
    }

    pub(crate) fn action_not_found(what: &str, verbs: &[String], action: &str) -> Self {
        let message = format!("{what} takes {}, not :{action}", listed(verbs));
        Self::new(Code::ActionNotFound, message)
    }

    pub(crate) fn upstream_not_found(name: &str) -> Self {
        Self::new(Code::UpstreamNotFound, format!("no upstream is named {name}"))
    }

    pub(crate) fn model_not_found(name: &str) -> Self {
        Self::new(Code::ModelNotFound, format!("no model is listed as {name}"))
    }

    pub(crate) fn lane_not_found(model: &str) -> Self {
        let message = format!("nothing that serves {model} is at that provider by that credential");
        Self::new(Code::LaneNotFound, message)
    }

    pub(crate) fn usage_not_found(consumer: &str) -> Self {
        let message = format!("no consumer is named {consumer}, or it has no budgets");
        Self::new(Code::UsageNotFound, message)
    }

    pub(crate) fn endpoint_not_found(upstream: &str, address: &str) -> Self {
        let message = format!("upstream {upstream} has no endpoint {address}");
        Self::new(Code::EndpointNotFound, message)
    }

    pub(crate) fn endpoint_exists(upstream: &str, address: &str) -> Self {
        let message = format!("upstream {upstream} already has endpoint {address}");
        Self::new(Code::EndpointExists, message)
    }

    pub(crate) fn endpoint_is_configured(upstream: &str, address: &str) -> Self {
        let message = format!(
            "endpoint {address} of upstream {upstream} comes from the configuration; \
             drain it here or remove it there"
        );
        Self::new(Code::EndpointIsConfigured, message)
    }

    pub(crate) fn upstream_is_full(message: String) -> Self {
        Self::new(Code::UpstreamIsFull, message)
    }

    pub(crate) fn address_invalid() -> Self {
        let message = "an endpoint's address is ip:port, such as 127.0.0.1:9001 or [::1]:9001";
        Self::new(Code::AddressInvalid, message)
    }

    pub(crate) fn path_invalid() -> Self {
        Self::new(Code::PathInvalid, "the path cannot be read")
    }

    pub(crate) fn body_invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BodyInvalid, message)
    }

    /// One fault of the body, which is also the message.
    pub(crate) fn body_fault(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let fault = Fault::at(pointer, message);
        Self::new(Code::BodyInvalid, fault.message.clone()).with_faults(vec![fault])
    }

    /// One fault of the query, which is also the message.
    pub(crate) fn query_fault(fault: Fault) -> Self {
        Self::new(Code::QueryInvalid, fault.message.clone()).with_faults(vec![fault])
    }

    pub(crate) fn value_out_of_range(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::ValueOutOfRange, message)
    }

    /// One value of the body that this does not take.
    pub(crate) fn value_fault(pointer: &str, message: impl Into<String>) -> Self {
        let fault = Fault::at(pointer, message);
        Self::new(Code::ValueOutOfRange, fault.message.clone()).with_faults(vec![fault])
    }

    pub(crate) fn body_too_large(bytes_max: usize) -> Self {
        let message = format!("the body may have up to {bytes_max} bytes");
        Self::new(Code::BodyTooLarge, message)
    }

    pub(crate) fn content_type_not_supported(expected: &str) -> Self {
        let message = format!("the body must be sent as {expected}");
        Self::new(Code::ContentTypeNotSupported, message)
    }

    pub(crate) fn config_refused(error: &ReloadError) -> Self {
        match error {
            ReloadError::Invalid(errors) => Self::config_invalid(errors),
            ReloadError::NotPossible(why) => Self::new(Code::ConfigNotPossible, why.clone()),
        }
    }

    pub(crate) fn config_invalid(errors: &[ConfigError]) -> Self {
        let message = match errors.len() {
            1 => "the configuration has a fault".to_owned(),
            count => format!("the configuration has {count} faults"),
        };
        Self::new(Code::ConfigInvalid, message).with_faults(faults(errors))
    }

    pub(crate) fn read_only_object(kind: &str, name: &str, file: &Path) -> Self {
        let message = format!("{kind} {name} comes from {}; change it there", file.display());
        Self::new(Code::ReadOnlyObject, message)
    }

    pub(crate) fn no_database() -> Self {
        let message = "this gateway runs from a file alone; start it with --data to keep objects \
                       in a database";
        Self::new(Code::NoDatabase, message)
    }

    pub(crate) fn no_usage() -> Self {
        let message = "what is used is not kept here: `telemetry.usage.enabled` is false";
        Self::new(Code::NoUsage, message)
    }

    pub(crate) fn host_not_allowed() -> Self {
        let message = "the host must be localhost, a loopback address or the admin address";
        Self::new(Code::HostNotAllowed, message)
    }

    pub(crate) fn origin_not_allowed() -> Self {
        let message = "pages of another origin may not call the admin api";
        Self::new(Code::OriginNotAllowed, message)
    }

    pub(crate) fn peer_not_allowed() -> Self {
        let message = "without a token the admin api answers to loopback only";
        Self::new(Code::PeerNotAllowed, message)
    }

    pub(crate) fn token_missing() -> Self {
        Self::new(Code::TokenMissing, "send the token as authorization: bearer")
    }

    pub(crate) fn token_invalid() -> Self {
        Self::new(Code::TokenInvalid, "the token is not the admin token")
    }

    pub(crate) fn not_permitted(what: &str) -> Self {
        Self::new(Code::NotPermitted, format!("the caller may not {what}"))
    }

    pub(crate) fn internal(detail_for_log: impl Into<String>) -> Self {
        let message = "something in the gateway went wrong; its log says more";
        Self::new(Code::Internal, message).with_detail(detail_for_log)
    }

    /// The database does not do what it should; what it said is for the log.
    pub(crate) fn store_unavailable(detail_for_log: impl Into<String>) -> Self {
        let error = Self::new(Code::StoreUnavailable, "the database does not answer");
        error.with_retry_after(Duration::from_secs(1)).with_detail(detail_for_log)
    }

    /// The answer as it is sent.
    pub(crate) fn into_whole_response(self, request_id: &str) -> Response<Bytes> {
        let Refusal { code, message, faults, etag, retry_after, allow, detail_for_log } = *self.0;
        let status = code.status();
        if let Some(detail) = &detail_for_log {
            let code = code.as_str();
            tracing::error!(code, detail, request_id, "admin api failed");
        }
        let problem = Problem {
            r#type: code.uri(),
            title: title(status).to_owned(),
            status: status.as_u16(),
            code: code.as_str().to_owned(),
            detail: message.clone().into_owned(),
            message: message.into_owned(),
            errors: faults,
            request_id: Some(request_id.to_owned()),
        };
        let body = json::text(&problem).expect("strings and numbers are always JSON");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let seconds = retry_after.map(|wait| wait.as_secs().max(1).to_string());
        for (name, value) in [(ETAG, etag), (RETRY_AFTER, seconds), (ALLOW, allow)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// What a status is called, by RFC 9110: as the status line has it.
fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        other => other.canonical_reason().unwrap_or_default(),
    }
}

impl IntoResponse for ApiError {
    /// A bare answer that carries the refusal to where it is written out.
    fn into_response(self) -> axum::response::Response {
        let mut response = axum::response::Response::new(axum::body::Body::empty());
        *response.status_mut() = self.0.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

/// `:a, :b and :c`.
fn listed(verbs: &[String]) -> String {
    let verbs: Vec<String> = verbs.iter().map(|verb| format!(":{verb}")).collect();
    match verbs.as_slice() {
        [] => "no custom method".to_owned(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Every fault, in the order of the text.
pub(crate) fn faults(errors: &[ConfigError]) -> Vec<Fault> {
    errors.iter().map(Fault::from).collect()
}

impl From<&ConfigError> for Fault {
    fn from(error: &ConfigError) -> Self {
        Self {
            file: Some(error.file.clone()),
            line: Some(error.line),
            column: Some(error.column),
            path: Some(error.path.clone()),
            message: error.message.clone(),
            suggestion: error.suggestion.clone(),
            ..Self::default()
        }
    }
}
