//! `cache`: answers of models that are given again to the very same request.
//!
//! It has nothing to do with heads: who asks the models looks up and keeps what they say.

use architrave_config::policy as config;

use crate::registry::{Build, Site};

/// The policy, ready to run.
#[derive(Debug)]
pub struct Cache {
    /// What was written.
    pub config: config::Cache,
}

impl Build<config::Cache> for Cache {
    fn build(config: &config::Cache, _site: &Site<'_>) -> Self {
        Self { config: config.clone() }
    }
}
