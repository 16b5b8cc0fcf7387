//! An answer as a value: it is kept under an idempotency key in the transaction that it tells of,
//! and only then sent.

use axum::http::StatusCode;
use axum::http::header::{ETAG, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::error::ApiError;
use crate::json;

/// An answer that is no refusal.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Option<Value>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    cookies: Vec<HeaderValue>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_value(body).expect("our bodies are always JSON");
        Self { status, body: Some(body), etag: None, location: None, cookies: Vec::new() }
    }

    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(crate) fn nothing() -> Self {
        let status = StatusCode::NO_CONTENT;
        Self { status, body: None, etag: None, location: None, cookies: Vec::new() }
    }

    /// 304: the caller has it.
    pub(crate) fn unchanged() -> Self {
        Self { status: StatusCode::NOT_MODIFIED, ..Self::nothing() }
    }

    /// 201, with where it is now.
    pub(crate) fn created(location: String, body: &impl Serialize) -> Self {
        Self { location: Some(location), ..Self::new(StatusCode::CREATED, body) }
    }

    pub(crate) fn with_etag(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }

    /// 303: what was asked for goes on elsewhere.
    pub(crate) fn see_other(location: String) -> Self {
        let status = StatusCode::SEE_OTHER;
        Self { status, location: Some(location), ..Self::nothing() }
    }

    pub(crate) fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The fields of the head that are kept with it.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, &str)> {
        let fields = [(ETAG, &self.etag), (LOCATION, &self.location)];
        fields.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match &self.body {
            None => self.status.into_response(),
            Some(body) => json::answer(self.status, body),
        };
        for (name, value) in self.headers() {
            match HeaderValue::try_from(value) {
                Ok(value) => response.headers_mut().append(name, value),
                Err(error) => return ApiError::internal(error.to_string()).into_response(),
            };
        }
        for cookie in self.cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}
