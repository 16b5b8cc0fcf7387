//! A service: what a route leads to. Exactly one kind each.

mod api;
mod lifecycle;
mod llm;
mod log_bodies;
mod mcp;
mod prompt;
mod sharing;

use std::sync::Arc;
use std::time::SystemTime;

use architrave_core::name::{ServiceName, TeamName};

pub(crate) use api::DESCRIPTION;
pub use api::{
    Api, ApiAnswer, ApiDescription, ApiOperation, ApiReader, ApiRequest, ApiUse, NoApiReader,
};
pub use lifecycle::{Brownout, Lifecycle, ServiceState, Standing, Successor};
pub use llm::LlmService;
pub use log_bodies::LogBodies;
pub use mcp::{
    McpCondition, McpNaming, McpRule, McpScalar, McpService, McpTest, NamePattern, may_lead_up,
};
pub use prompt::{InputKind, OutputForm, PromptInput, PromptService, Template, TemplatePart};
pub use sharing::{ServiceVersion, Sharing, Visibility, major};

use crate::PolicySet;
use crate::policy::refuse_those_of_models;
use crate::read::{List, Name, Nothing, Ref, Scope, Time, choice, empty, record};
use crate::redact::{Redact, RedactWritten};
use crate::snapshot::{ServiceIndex, UpstreamIndex};
use api::ApiWritten;
use lifecycle::{LinkText, SuccessorText, SuspendedBy};
use prompt::PromptWritten;
use sharing::VersionLabel;

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
    /// Whose it is, and who may know of it.
    pub sharing: Sharing,
    /// Which version it is, where it says so.
    pub version: Option<ServiceVersion>,
    /// The description of its API.
    pub api: Option<Api>,
    /// What the request log has of bodies; nothing where it is `None`.
    pub log_bodies: Option<LogBodies>,
    /// What the request log never has of its exchanges, beside what it never has of any.
    pub redact: Option<Redact>,
}

/// The kinds of service.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceKind {
    /// An HTTP origin behind an upstream.
    Http {
        /// Its upstream.
        upstream: UpstreamIndex,
    },
    /// Answers from the description of the API, before there is an origin.
    Mock,
    /// Models, in the dialect of every client.
    Llm(LlmService),
    /// A prompt with holes, that a model answers.
    Prompt(Box<PromptService>),
    /// MCP servers, as one.
    Mcp(Box<McpService>),
}

/// The keys of which a service has exactly one.
const KINDS: [&str; 4] = ["http", "llm", "prompt", "mcp"];

record! {
    /// What a route leads to; exactly one kind each.
    #[derive(Debug)]
    pub(crate) struct ServiceWritten => Service by finish {
        /// Its name.
        "name": Name<ServiceName> => name: ServiceName,
        /// An HTTP origin behind an upstream, or a mock of one.
        "http": Option<HttpService> = None => http: Option<HttpService>,
        /// Models, in the dialect of every client: the whole surface of OpenAI, Anthropic, Gemini,
        /// Cohere and Bedrock below the route.
        "llm": Option<LlmService> = None => llm: Option<LlmService>,
        /// A prompt with holes, that a model answers.
        "prompt": Option<PromptWritten> = None => prompt: Option<PromptService>,
        /// MCP servers, as one: their tools, prompts and resources at one address.
        "mcp": Option<McpService> = None => mcp: Option<McpService>,
        /// Where it stands in its life.
        "state": ServiceState = ServiceState::Published => state: ServiceState,
        /// Whether it is out of service for now: calls are answered 503, whatever its state.
        "suspended": bool = false => is_suspended: bool,
        /// Who took it out of service; the gateway answers alike.
        "suspended_by": SuspendedBy = SuspendedBy::Team => suspended_by: SuspendedBy,
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
        /// The team that it belongs to; in a database, whose it is is said beside it.
        "team": Option<Name<TeamName>> = None => team: Option<TeamName>,
        /// Who may know of it, beside the platform's admins.
        "visibility": Visibility = Visibility::Private => visibility: Visibility,
        /// The teams that it is shared with, where `visibility` is `teams`.
        "shared_with": List<Name<TeamName>> = Vec::new() => shared_with: Vec<TeamName>,
        /// What this version of it is called.
        "version": Option<VersionLabel> = None => version: Option<String>,
        /// The service that it is another version of; that one lists all of them.
        "version_of": Option<Ref<ServiceIndex>> = None => version_of: Option<ServiceIndex>,
        /// The description of its API. By it the gateway knows which operation is asked for, tells of
        /// those that are deprecated, and answers in place of a `mock`.
        "api": Option<ApiWritten> = None => api: Option<ApiWritten>,
        /// What the request log has of bodies, where there is one; without it, nothing. What looks like
        /// a secret is taken out.
        "log_bodies": Option<LogBodies> = None => log_bodies: Option<LogBodies>,
        /// What the request log never has of its exchanges, beside what it never has of any.
        "redact": Option<RedactWritten> = None => redact: Option<Redact>,
        /// Policies of this service.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
    }
}

/// An HTTP origin, or what stands for one.
#[derive(Debug)]
pub(crate) enum HttpService {
    Upstream(UpstreamIndex),
    Mock,
}

choice! {
    /// An HTTP origin, or what stands for one.
    HttpService {
        /// An upstream.
        "upstream": Ref<UpstreamIndex> => HttpService::Upstream,
        /// Answers from the description of the API: examples, or samples of the schemas.
        "mock": Nothing => |Nothing| HttpService::Mock,
    }
}

impl ServiceWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Service> {
        match KINDS.iter().filter(|kind| scope.has(kind)).count() {
            1 => {}
            0 => scope
                .refuse("needs one of `http`, `llm`, `prompt` and `mcp`, which says what it is"),
            _ => scope.refuse("takes only one of `http`, `llm`, `prompt` and `mcp`"),
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
        if self.suspended_by != SuspendedBy::Team && !self.is_suspended {
            scope.refuse_at("suspended_by", "only of one that is: `suspended: true`");
        }
        let sharing =
            Sharing { team: self.team, visibility: self.visibility, shared_with: self.shared_with };
        sharing.check(scope);
        if self.version_of.is_some() && self.version.is_none() {
            scope.refuse_at("version_of", "what is this version called? `version` says it");
        }
        let is_mock = matches!(self.http, Some(HttpService::Mock));
        let wanted = if is_mock { ApiUse::Answers } else { ApiUse::Operations };
        let api = self.api.and_then(|api| api.resolve(wanted, scope));
        if scope.has("api") && !scope.has("http") {
            scope.refuse_at("api", "only services of kind `http` have one");
        }
        if is_mock && !scope.has("api") {
            scope.refuse_at("http", "a mock answers from the description of the API: `api`");
        }
        let kind = if let Some(llm) = self.llm {
            ServiceKind::Llm(llm)
        } else if let Some(prompt) = self.prompt {
            ServiceKind::Prompt(Box::new(prompt))
        } else if let Some(mcp) = self.mcp {
            ServiceKind::Mcp(Box::new(mcp))
        } else {
            match self.http? {
                HttpService::Upstream(upstream) => ServiceKind::Http { upstream },
                HttpService::Mock => ServiceKind::Mock,
            }
        };
        if matches!(kind, ServiceKind::Http { .. } | ServiceKind::Mock | ServiceKind::Mcp(_)) {
            refuse_those_of_models(scope);
        }
        Some(Service {
            name: self.name,
            kind,
            lifecycle,
            policies: self.policies.into(),
            sharing,
            version: self.version.map(|label| ServiceVersion { label, of: self.version_of }),
            api,
            log_bodies: self.log_bodies,
            redact: self.redact,
        })
    }
}
