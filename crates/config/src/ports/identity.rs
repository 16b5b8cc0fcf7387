//! What the control side may ask of the running gateway to sign people in by the word of others:
//! which identity providers are in force, and a question to one of them.
//!
//! `control` opens no socket; who asks, judges addresses and bounds answers stands behind this.

use std::sync::Arc;

use architrave_core::Secret;

use super::Answer;
use crate::IdentityProvider;

/// Identity providers, and the way to them.
pub trait IdentityPort: Send + Sync {
    /// Those in force, in the order of the file.
    fn identity_providers(&self) -> Vec<Arc<IdentityProvider>>;

    /// Asks over HTTP and takes the answer whole: no redirect is followed, an address is judged
    /// before it is connected to, and both time and size are bounded.
    fn ask(&self, question: WebQuestion) -> Answer<'_, Result<WebAnswer, WebError>>;
}

/// One question over HTTP.
#[derive(Clone, Debug)]
pub struct WebQuestion {
    /// `https`, or `http` to this machine; with path and query.
    pub url: String,
    /// What stands in `Authorization`.
    pub authorization: Option<Secret>,
    /// A form to `POST`, encoded; without one it is a `GET`.
    pub form: Option<Secret>,
    /// Whether the name may resolve to an address that is not of the public internet.
    pub allow_private: bool,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAnswer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WebError(pub String);
