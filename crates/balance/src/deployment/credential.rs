//! A credential as it lives: what a provider said about it, at whichever model.

use super::rests::Rests;

/// One credential of one provider.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) name: Box<str>,
    pub(crate) rests: Rests,
}

impl Credential {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: Box::from(name), rests: Rests::default() }
    }
}
