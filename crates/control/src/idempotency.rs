//! `Idempotency-Key`: a request that is sent again, since its answer was lost, is answered as it
//! was and not done again. Keys are each caller's own and are kept for a day.

use std::sync::atomic::{AtomicBool, Ordering};

use architrave_store::{Answered, IdempotencyClaim};
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use ring::digest::{Context, SHA256};

use crate::api::Dependencies;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::operation::{Access, Audit, Operation};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_CHARS_MAX: usize = 255;

/// A key that a request has claimed.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) actor: String,
    pub(crate) key: String,
    pub(crate) digest: [u8; 32],
    /// Whether the answer was kept.
    is_answered: AtomicBool,
}

impl Claim {
    pub(crate) fn answered(&self) {
        self.is_answered.store(true, Ordering::Release);
    }
}

/// What is to be done with a request.
pub(crate) enum Turn {
    /// Answer it; under the key, if there is one.
    Do(Option<Claim>),
    /// It was answered before, like this.
    Again(Response<Body>),
}

/// Claims the key that comes with a request.
pub(crate) async fn claim(
    dependencies: &Dependencies,
    caller: &Caller,
    operation: &Operation,
    request: &Request<Bytes>,
) -> Result<Turn, ApiError> {
    let key = key(request.headers())?;
    // What changes the running gateway alone can be done twice without harm, or says so itself.
    let takes_key = operation.method == Method::POST
        && operation.access != Access::Open
        && operation.audit == Audit::Within;
    let (Some(key), Some(platform), true) = (key, &dependencies.platform, takes_key) else {
        return Ok(Turn::Do(None));
    };
    let (actor, digest) = (caller.actor().to_owned(), digest(request));
    match platform.store().claim_idempotency(&actor, &key, &digest).await? {
        IdempotencyClaim::First => {
            let is_answered = AtomicBool::new(false);
            Ok(Turn::Do(Some(Claim { actor, key, digest, is_answered })))
        }
        IdempotencyClaim::InFlight => {
            let message = "a request with this key is being carried out";
            Err(ApiError::new(Code::IdempotencyKeyInUse, message))
        }
        IdempotencyClaim::OtherPayload => {
            let message = "this key came with another request before";
            Err(ApiError::new(Code::IdempotencyKeyReused, message))
        }
        IdempotencyClaim::Answered(answer) => again(answer).map(Turn::Again),
    }
}

/// Gives the key up when nothing was done under it.
pub(crate) async fn release(dependencies: &Dependencies, claim: Option<&Claim>) {
    let (Some(claim), Some(platform)) = (claim, &dependencies.platform) else { return };
    if claim.is_answered.load(Ordering::Acquire) {
        return;
    }
    let given_up = platform.store().release_idempotency(&claim.actor, &claim.key, &claim.digest);
    if let Err(error) = given_up.await {
        // It comes free by itself a minute from now.
        tracing::warn!(%error, "an idempotency key could not be given up");
    }
}

fn again(answer: Answered) -> Result<Response<Body>, ApiError> {
    let invalid = |error: &dyn std::fmt::Display| ApiError::internal(error.to_string());
    let has_body = !answer.body.is_empty();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).map_err(|error| invalid(&error))?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(|error| invalid(&error))?;
        headers.append(name, HeaderValue::try_from(value).map_err(|error| invalid(&error))?);
    }
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// The key as it was sent, in quotes or not.
fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(&HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_key = (1..=KEY_CHARS_MAX).contains(&bare.len())
        && bare.bytes().all(|byte| byte.is_ascii_graphic())
        && headers.get_all(&HEADER).iter().count() == 1;
    let message = "idempotency-key is one text of 1 to 255 visible characters";
    is_key.then(|| Some(bare.to_owned())).ok_or_else(|| ApiError::new(Code::HeaderInvalid, message))
}

/// What makes two requests the same.
fn digest(request: &Request<Bytes>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    for part in [request.method().as_str().as_bytes(), target.as_bytes(), request.body()] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
