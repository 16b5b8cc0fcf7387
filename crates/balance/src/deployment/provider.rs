//! A provider as it lives: what is known of it whoever asks and whatever for.

use super::rest::Rest;

/// One provider of the configuration.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: Box<str>,
    /// Since it said that it is overloaded.
    pub(crate) overloaded: Rest,
}

impl Provider {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: Box::from(name), overloaded: Rest::default() }
    }
}
