//! Floor 1: what people write, read with positions, validated whole and frozen to a [`Snapshot`].
//!
//! Pure: text in, a snapshot or a list of errors out. It opens no socket and reads no environment
//! by itself; the file reader passes those in.

pub mod application;
pub mod consumer;
mod document;
pub mod egress;
pub mod error;
mod format;
pub mod identity_provider;
pub mod install;
mod jwt;
pub mod listener;
mod load;
pub mod mcp_server;
pub mod model;
pub mod object;
mod plain;
pub mod plan;
pub mod policy;
pub mod ports;
pub mod product;
pub mod provider;
mod read;
pub mod redact;
mod reference;
pub mod route;
mod schema;
pub mod service;
pub mod snapshot;
pub mod sources;
pub mod team;
mod tree;
pub mod upstream;

#[cfg(test)]
mod tests;

pub use application::{Application, KeyHash, Subscription, SubscriptionState, digest_of_hex};
pub use consumer::{Budget, BudgetAmount, Consumer, ConsumerCredential, ConsumerLimits, Period};
pub use error::ConfigError;
pub use format::format;
pub use identity_provider::{
    GroupRole, GroupRoles, IdentityProvider, PlatformRole, RoleOfGroup, TeamRole,
};
pub use install::{
    AccessLogFormat, AccessLogTarget, Admin, AuditLog, Keys, Portal, Usage, UsageKeepDays,
};
pub use jwt::{Jwt, KeySet};
pub use listener::{
    CertificateFiles, ForwardRule, Listener, ListenerLimits, ListenerProtocol, ListenerTimeouts,
    ListenerTls,
};
pub use load::{WholeFault, keys_of, load, load_whole};
pub use mcp_server::{
    McpHttp, McpPlace, McpProcesses, McpReach, McpServer, McpSse, McpStdio, McpTimeouts,
};
pub use model::{Deployment, DeploymentLimits, Model, ModelPattern, ModelRef, ModelStrategy};
pub use plain::{PlainDocument, PlainFault, read_plain};
pub use plan::{Approval, Plan, PlanCredentials, PlanOperation, Question, Subscribers};
pub use policy::PolicySet;
pub use product::Product;
pub use provider::{
    CredentialForm, CredentialSecret, KindFacts, Mock, MockReply, NoKinds, Provider,
    ProviderCredential, ProviderKind, ProviderKinds, ProviderLinks, ProviderTimeouts,
};
pub use read::{HOP_FIELDS, nearest};
pub use redact::{KeptHeader, Redact};
pub use reference::reference;
pub use route::{HostPattern, Mirror, PathMatch, Route, RouteMatch, ValueMatch, WeightedService};
pub use schema::schema;
pub use service::{
    Api, ApiAnswer, ApiDescription, ApiOperation, ApiReader, ApiRequest, ApiUse, Brownout,
    InputKind, Lifecycle, LlmService, LogBodies, McpCondition, McpNaming, McpRule, McpScalar,
    McpService, McpTest, NamePattern, NoApiReader, OutputForm, PromptInput, PromptService, Service,
    ServiceKind, ServiceState, ServiceVersion, Sharing, Standing, Successor, Template,
    TemplatePart, Visibility, major, may_lead_up,
};
pub use snapshot::{
    ApplicationIndex, ConsumerIndex, ListenerIndex, McpServerIndex, ModelIndex, PlanIndex,
    ProductIndex, ProviderIndex, RouteIndex, ServiceIndex, Snapshot, UpstreamIndex,
};
pub use sources::{NoSources, Sources};
pub use team::{BudgetFault, Team, budgets_of};
pub use upstream::{
    ActiveHealth, BalanceAlgorithm, Egress, EndpointSource, HashOn, Health, HealthCheck, Hedge,
    PassiveHealth, Persistence, Retry, SendProxyProtocol, Upstream, UpstreamLimits,
    UpstreamProtocol, UpstreamTimeouts, UpstreamTls,
};
