//! JSON in and out: bodies are taken only as what they say they are, small, and whole.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::error::ApiError;

/// Enough for every body but configurations.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Enough for the configuration of one object: a service with the description of its API.
const CONFIG_BYTES_MAX: usize = crate::api::BODY_BYTES_MAX;

const JSON: &str = "application/json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// A request body, read as JSON. Unknown keys are for `T` to refuse.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A request body with a whole document in it.
pub(crate) struct LargeBody<T>(pub(crate) T);

/// A request body with many objects in it: as long as the listener takes.
pub(crate) struct WholeBody<T>(pub(crate) T);

/// The configuration of an object.
pub(crate) struct ConfigBody(pub(crate) Value);

/// A merge patch of the configuration of an object.
pub(crate) struct PatchBody(pub(crate) Value);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        // What is left out of a patch stays, whatever it is called.
        let types: &[&str] = match *request.method() {
            Method::PATCH => &[MERGE_PATCH, JSON],
            _ => &[JSON],
        };
        take(request, types, BODY_BYTES_MAX).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for LargeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        take(request, &[JSON], crate::api::BODY_BYTES_MAX).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for WholeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        take(request, &[JSON], usize::MAX).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for ConfigBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        take(request, &[JSON], CONFIG_BYTES_MAX).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for PatchBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        take(request, &[MERGE_PATCH, JSON], CONFIG_BYTES_MAX).await.map(Self)
    }
}

async fn take<T: DeserializeOwned>(
    request: Request,
    types: &[&str],
    bytes_max: usize,
) -> Result<T, ApiError> {
    // A form on a foreign page can send none of these types.
    if !is_sent_as(request.headers(), types) {
        return Err(ApiError::content_type_not_supported(&types.join(" or ")));
    }
    read(&bytes(request).await?, bytes_max)
}

/// A body that may be left out.
pub(crate) async fn maybe<T: DeserializeOwned + Default>(request: Request) -> Result<T, ApiError> {
    let is_json = is_sent_as(request.headers(), &[JSON]);
    let body = bytes(request).await?;
    match (body.is_empty(), is_json) {
        (true, _) => Ok(T::default()),
        (false, true) => read(&body, BODY_BYTES_MAX),
        (false, false) => Err(ApiError::content_type_not_supported(JSON)),
    }
}

fn read<T: DeserializeOwned>(body: &[u8], bytes_max: usize) -> Result<T, ApiError> {
    if body.len() > bytes_max {
        return Err(ApiError::body_too_large(bytes_max));
    }
    if let Some(pointer) = nul_in(body) {
        let message = "a text holds the character NUL, which no database keeps";
        return Err(ApiError::body_fault(pointer, message));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        ApiError::body_fault(pointer, error.into_inner().to_string())
    })?;
    reader.end().map_err(|error| ApiError::body_fault("", error.to_string()))?;
    Ok(read)
}

/// Where a text or a key holds NUL, which can only be written as an escape.
fn nul_in(body: &[u8]) -> Option<String> {
    const ESCAPE: &[u8] = br"\u0000";
    if !body.windows(ESCAPE.len()).any(|window| window == ESCAPE) {
        return None;
    }
    // What is no JSON is refused for that.
    let value: Value = serde_json::from_slice(body).ok()?;
    let mut pointer = String::new();
    find_nul(&value, &mut pointer).then_some(pointer)
}

/// Extends `pointer` to the first text with NUL in it.
fn find_nul(value: &Value, pointer: &mut String) -> bool {
    let length = pointer.len();
    let mut within = |part: &str, value: &Value| {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        let is_found = part.contains('\0') || find_nul(value, pointer);
        if !is_found {
            pointer.truncate(length);
        }
        is_found
    };
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => {
            items.iter().enumerate().any(|(at, item)| within(&at.to_string(), item))
        }
        Value::Object(members) => members.iter().any(|(key, member)| within(key, member)),
        _ => false,
    }
}

/// Where it is, as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let parts = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    parts.collect()
}

/// The body as it is: it has been received, and its length checked, before it came here.
pub(crate) async fn bytes(request: Request) -> Result<Bytes, ApiError> {
    // The extractor of axum has a limit of its own, which is none of ours; what a command of this
    // process asks came over no listener, and has a limit there.
    axum::body::to_bytes(request.into_body(), usize::MAX)
        .await
        .map_err(|error| ApiError::internal(error.to_string()))
}

/// Whether the content type is one of `types`, whatever its parameters.
pub(crate) fn is_sent_as(headers: &HeaderMap, types: &[&str]) -> bool {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    types.iter().any(|one| essence.eq_ignore_ascii_case(one))
}

/// `body` as JSON for people and programs alike: indented, with a line break at its end, so that
/// it can be read as `curl` shows it.
pub(crate) fn text(body: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(body)?;
    text.push(b'\n');
    Ok(text)
}

/// Answers with `body` as JSON.
pub(crate) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    whole(status, text(body))
}

/// Answers with `body` as JSON in one line, as probes have it.
pub(crate) fn answer_in_line(status: StatusCode, body: &impl Serialize) -> Response {
    let line = serde_json::to_vec(body).map(|mut line| {
        line.push(b'\n');
        line
    });
    whole(status, line)
}

fn whole(status: StatusCode, text: Result<Vec<u8>, serde_json::Error>) -> Response {
    match text {
        Ok(body) => {
            let content_type = (CONTENT_TYPE, HeaderValue::from_static(JSON));
            (status, [content_type], body).into_response()
        }
        Err(error) => ApiError::internal(error.to_string()).into_response(),
    }
}
