//! A service: what a route leads to. Exactly one kind each.

use std::sync::Arc;

use architrave_core::name::ServiceName;

use crate::PolicySet;
use crate::read::{Name, Ref, Scope, empty, record};
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

record! {
    /// What a route leads to; exactly one kind each.
    #[derive(Debug)]
    pub(crate) struct ServiceWritten => Service by finish {
        /// Its name.
        "name": Name<ServiceName> => name: ServiceName,
        /// An HTTP origin behind an upstream.
        "http": Option<HttpService> = None => http: Option<HttpService>,
        /// Policies of this service.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
    }
    later "llm", "mcp", "prompt", "team", "visibility", "version", "state", "deprecated_at",
        "sunset_at", "successor";
}

record! {
    /// An HTTP origin behind an upstream.
    #[derive(Debug)]
    pub(crate) struct HttpService {
        /// Its upstream.
        "upstream": Ref<UpstreamIndex> => upstream: UpstreamIndex,
    }
}

impl ServiceWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Service> {
        let of_later = ["llm", "mcp", "prompt"].iter().any(|kind| scope.has(kind));
        if !scope.has("http") && !of_later {
            scope.refuse("needs `http`, which says what it is");
        }
        Some(Service {
            name: self.name,
            kind: ServiceKind::Http { upstream: self.http?.upstream },
            policies: self.policies.into(),
        })
    }
}
