//! A service: what a route leads to. Exactly one kind each.

mod lifecycle;
mod llm;
mod prompt;

use std::sync::Arc;
use std::time::SystemTime;

use architrave_core::name::ServiceName;

pub use lifecycle::{Brownout, Lifecycle, ServiceState, Standing, Successor};
pub use llm::LlmService;
pub use prompt::{InputKind, OutputForm, PromptInput, PromptService, Template, TemplatePart};

use crate::PolicySet;
use crate::policy::refuse_those_of_models;
use crate::read::{List, Name, Ref, Scope, Time, empty, record};
use crate::snapshot::UpstreamIndex;
use lifecycle::{LinkText, SuccessorText};
use prompt::PromptWritten;

/// What a route leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// What it is.
    pub kind: ServiceKind,
    /// Where it stands in its life.
    pub lifecycle: Lifecycle,
    /// Policies of this service.
    pub policies: Arc<PolicySet>,
}

/// The kinds of service.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceKind {
    /// An HTTP origin behind an upstream.
    Http {
        /// Its upstream.
        upstream: UpstreamIndex,
    },
    /// Models, in the dialect of every client.
    Llm(LlmService),
    /// A prompt with holes, that a model answers.
    Prompt(Box<PromptService>),
}

/// The keys of which a service has exactly one.
const KINDS: [&str; 4] = ["http", "llm", "prompt", "mcp"];

record! {
    /// What a route leads to; exactly one kind each.
    #[derive(Debug)]
    pub(crate) struct ServiceWritten => Service by finish {
        /// Its name.
        "name": Name<ServiceName> => name: ServiceName,
        /// An HTTP origin behind an upstream.
        "http": Option<HttpService> = None => http: Option<HttpService>,
        /// Models, in the dialect of every client: the whole surface of OpenAI, Anthropic, Gemini,
        /// Cohere and Bedrock below the route.
        "llm": Option<LlmService> = None => llm: Option<LlmService>,
        /// A prompt with holes, that a model answers.
        "prompt": Option<PromptWritten> = None => prompt: Option<PromptService>,
        /// Where it stands in its life.
        "state": ServiceState = ServiceState::Published => state: ServiceState,
        /// Whether it is out of service for now: calls are answered 503, whatever its state.
        "suspended": bool = false => is_suspended: bool,
        /// Since when it is deprecated, or will be: an answer says so in `Deprecation` (RFC 9745).
        "deprecated_at": Option<Time> = None => deprecated_at: Option<SystemTime>,
        /// When it retires by itself: an answer says so in `Sunset` (RFC 8594), and from then on
        /// calls are answered 410.
        "sunset_at": Option<Time> = None => sunset_at: Option<SystemTime>,
        /// What takes its place: a service, a URL or a path. Callers are told in `Link`.
        "successor": Option<SuccessorText> = None => successor: Option<Successor>,
        /// Where people read of its deprecation and end: a URL or a path, told in `Link`.
        "notice": Option<LinkText> = None => notice: Option<String>,
        /// When, while deprecated, calls are answered 410, so that whoever still calls notices.
        "brownouts": List<Brownout> = Vec::new() => brownouts: Vec<Brownout>,
        /// Policies of this service.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
    }
    later "mcp", "team", "visibility", "version";
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
        match KINDS.iter().filter(|kind| scope.has(kind)).count() {
            1 => {}
            0 => scope.refuse("needs one of `http`, `llm` and `prompt`, which says what it is"),
            _ => scope.refuse("takes only one of `http`, `llm` and `prompt`"),
        }
        let lifecycle = Lifecycle {
            state: self.state,
            is_suspended: self.is_suspended,
            deprecated_at: self.deprecated_at,
            sunset_at: self.sunset_at,
            successor: self.successor,
            notice: self.notice,
            brownouts: self.brownouts,
        };
        lifecycle.check(scope);
        let kind = if let Some(llm) = self.llm {
            ServiceKind::Llm(llm)
        } else if let Some(prompt) = self.prompt {
            ServiceKind::Prompt(Box::new(prompt))
        } else {
            ServiceKind::Http { upstream: self.http?.upstream }
        };
        if matches!(kind, ServiceKind::Http { .. }) {
            refuse_those_of_models(scope);
        }
        Some(Service { name: self.name, kind, lifecycle, policies: self.policies.into() })
    }
}
