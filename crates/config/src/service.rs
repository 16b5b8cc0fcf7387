//! A service: what a route leads to. Exactly one kind each.

mod llm;
mod prompt;

use std::sync::Arc;

use architrave_core::name::ServiceName;

pub use llm::LlmService;
pub use prompt::{InputKind, OutputForm, PromptInput, PromptService, Template, TemplatePart};

use crate::PolicySet;
use crate::policy::refuse_those_of_models;
use crate::read::{Name, Ref, Scope, empty, record};
use crate::snapshot::UpstreamIndex;
use prompt::PromptWritten;

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
        /// Policies of this service.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
    }
    later "mcp", "team", "visibility", "version", "state", "deprecated_at", "sunset_at",
        "successor";
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
        Some(Service { name: self.name, kind, policies: self.policies.into() })
    }
}
