//! Whether things are still as they were when whoever sends a change has looked.

use crate::code::Code;
use crate::error::ApiError;

/// What is said of how one thing was.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// Its `ETag`.
    pub(super) if_match: Option<&'a str>,
    /// `*` for that it was not there.
    pub(super) if_none_match: Option<&'a str>,
}

impl Seen<'_> {
    /// Nobody else has made or written it since; `is` is its `ETag` now.
    ///
    /// # Errors
    /// What has become of it since.
    pub(super) fn check(self, what: &str, is: Option<String>) -> Result<(), ApiError> {
        match self.if_none_match {
            None => {}
            Some("*") if is.is_none() => {}
            Some("*") => {
                let message = format!("{what} is there already");
                return Err(ApiError::new(Code::PreconditionFailed, message).with_etag(is));
            }
            Some(_) => {
                let message = "`*` says that it must not be there; nothing else is taken";
                return Err(ApiError::value_fault("/if_none_match", message));
            }
        }
        match self.if_match {
            Some(seen) if is.as_deref() != Some(seen) => {
                let message = format!("{what} has changed since it was read");
                Err(ApiError::new(Code::PreconditionFailed, message).with_etag(is))
            }
            _ => Ok(()),
        }
    }
}
