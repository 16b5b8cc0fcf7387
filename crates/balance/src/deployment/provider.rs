//! A provider as it lives: what is known of it whoever asks and whatever for.

use super::rests::Rests;

/// One provider of the configuration.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: Box<str>,
    pub(crate) rests: Rests,
}

impl Provider {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: Box::from(name), rests: Rests::default() }
    }
}
