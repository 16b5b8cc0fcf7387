//! A credential as it lives: what a provider said about it, at whichever model.

use super::rest::Rest;

/// One credential of one provider.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) name: Box<str>,
    /// Since it was refused.
    pub(crate) denied: Rest,
    /// Since its limit over all models was reached.
    pub(crate) rate_limited: Rest,
}

impl Credential {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: Box::from(name), denied: Rest::default(), rate_limited: Rest::default() }
    }
}
