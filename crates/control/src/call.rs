//! What is known of a request when its handler gets it: the operation, the caller, the names of
//! the path, the query. Goes along in the request's extensions; the extractors read it.

use std::sync::Arc;

use architrave_config::object::ObjectKind;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::idempotency::Claim;
use crate::operation::Operation;
use crate::query::Query;

/// A request that may be answered.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Arc<Operation>,
    pub(crate) caller: Caller,
    pub(crate) names: Vec<String>,
    pub(crate) query: Query,
    /// The team of the object that the path names, or that is to be made.
    pub(crate) team: Option<String>,
    /// The key under which the answer is to be kept.
    pub(crate) claim: Option<Claim>,
}

impl Call {
    /// The call that goes with a request.
    pub(crate) fn of(parts: &Parts) -> Result<&Self, ApiError> {
        let call = parts.extensions.get::<Arc<Self>>();
        call.map(|call| &**call).ok_or_else(|| ApiError::internal("a request without its call"))
    }

    /// The kind of object that the operation is about.
    pub(crate) fn kind(&self) -> Result<ObjectKind, ApiError> {
        self.operation.kind.ok_or_else(|| ApiError::internal("an operation without a kind"))
    }

    /// Whether nothing is to be written.
    pub(crate) fn validates_only(&self) -> Result<bool, ApiError> {
        self.query.flag("validate_only")
    }
}

/// The extractor of the call.
#[derive(Clone, Debug)]
pub(crate) struct Of(pub(crate) Arc<Call>);

impl<S: Sync> FromRequestParts<S> for Of {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let call = parts.extensions.get::<Arc<Call>>().cloned();
        call.map(Self).ok_or_else(|| ApiError::internal("a request without its call"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(Call::of(parts)?.caller.clone())
    }
}
