//! `guardrail`: what may not be said to models or by them.
//!
//! It has nothing to do with heads: who asks the models shows it what is said, in both directions.

use architrave_config::policy as config;

use crate::registry::{Build, Site};

/// The policy, ready to run.
#[derive(Debug)]
pub struct Guardrail {
    /// What was written.
    pub config: config::Guardrail,
}

impl Build<config::Guardrail> for Guardrail {
    fn build(config: &config::Guardrail, _site: &Site<'_>) -> Self {
        Self { config: config.clone() }
    }
}
