//! The order in which policies run, and which of several levels count: one table.
//!
//! The order is fixed and cannot be configured: authentication before limits before changes is
//! right for everyone, and an order that everyone may choose is one that someone gets wrong.

use crate::registry::Kind;

/// A fixed moment in the life of an exchange at which policies run, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Who may come at all.
    Connection,
    /// Answers that need no credential.
    Preflight,
    /// Who calls.
    Authenticate,
    /// What the caller may do.
    Authorize,
    /// How much and how often.
    Limit,
    /// What the service gets to see.
    Transform,
    /// Answers from memory.
    Cache,
    /// Where it goes.
    RouteTo,
    /// What the client gets to see.
    Response,
}

/// Which of the levels that set a policy count. From the most specific, the levels are:
/// consumer, route, service, listener, all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Levels {
    /// All of them must pass.
    Every,
    /// The most specific one replaces the others.
    MostSpecific,
    /// The most specific object with any policy of this phase decides, with all that it has of it.
    OneObject,
}

/// Every policy in the order in which it runs. The consumer's own `limits` come first of their
/// phase; fields of responses are written when the response comes, in this same order.
pub const TABLE: &[(Kind, Phase, Levels)] = &[
    (Kind::IpFilter, Phase::Connection, Levels::Every),
    // A preflight that is answered with a redirect fails in the browser, so it comes first.
    (Kind::Cors, Phase::Preflight, Levels::MostSpecific),
    (Kind::Redirect, Phase::Preflight, Levels::MostSpecific),
    (Kind::KeyAuth, Phase::Authenticate, Levels::OneObject),
    (Kind::BasicAuth, Phase::Authenticate, Levels::OneObject),
    (Kind::Jwt, Phase::Authenticate, Levels::OneObject),
    (Kind::RateLimit, Phase::Limit, Levels::Every),
    (Kind::BodyLimit, Phase::Limit, Levels::Every),
    (Kind::Rewrite, Phase::Transform, Levels::MostSpecific),
    (Kind::Headers, Phase::Transform, Levels::MostSpecific),
    // Before the cache, so that what is masked is never looked up or kept.
    (Kind::Guardrail, Phase::Transform, Levels::Every),
    (Kind::Cache, Phase::Cache, Levels::MostSpecific),
];
