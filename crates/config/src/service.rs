//! A service: what a route leads to. Exactly one kind each.

use std::sync::Arc;

use architrave_core::name::ServiceName;

use crate::PolicySet;
use crate::snapshot::UpstreamIndex;

/// What a route leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// What it is.
    pub kind: ServiceKind,
    /// Policies of this service.
    pub policies: Arc<PolicySet>,
}

/// The kinds of service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// An HTTP origin behind an upstream.
    Http {
        /// Its upstream.
        upstream: UpstreamIndex,
    },
}
