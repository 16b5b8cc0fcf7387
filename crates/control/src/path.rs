//! What a path names, as a tuple of the names in its order.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::call::Call;
use crate::error::ApiError;

/// The parts of a path in braces, unescaped: one, or a pair.
pub(crate) struct Named<T>(pub(crate) T);

/// What names can be taken as.
pub(crate) trait OfNames: Sized {
    /// `None` when there is another number of names.
    fn of_names(names: &[String]) -> Option<Self>;
}

impl OfNames for String {
    fn of_names(names: &[String]) -> Option<Self> {
        let [one] = names else { return None };
        Some(one.clone())
    }
}

impl OfNames for (String, String) {
    fn of_names(names: &[String]) -> Option<Self> {
        let [one, other] = names else { return None };
        Some((one.clone(), other.clone()))
    }
}

impl<S: Sync, T: OfNames> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let named = T::of_names(&Call::of(parts)?.names);
        named.map(Self).ok_or_else(|| ApiError::internal("a path with other names than asked for"))
    }
}
