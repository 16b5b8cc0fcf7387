//! Floor 3: what is done to an exchange on its way: one module per policy, all of the same shape.
//!
//! Synchronous and without IO: a policy looks at a head, changes it or answers it. Who calls them
//! in which order is [`phase`]; what applies to one exchange is a [`Chain`]; the bytes on the wire
//! are the proxy's.

mod authenticate;
mod basic_auth;
mod body_limit;
pub mod cache;
mod chain;
mod consumers;
mod cors;
pub mod directory;
#[cfg(test)]
mod exercise;
#[cfg(test)]
mod golden;
pub mod guardrail;
mod headers;
mod ip_filter;
pub mod jwt;
mod key_auth;
pub mod ledger;
mod offers;
pub mod phase;
mod rate_limit;
mod redirect;
mod registry;
mod rewrite;
mod shards;
#[cfg(test)]
mod spelling;
mod verdict;
mod view;

pub use chain::{Acted, Actor, Chain, ChainBuilder, Outcome, Told};
pub use consumers::{CONSUMER_NAME_FIELD, Caller, Consumers, Credentials, ParallelGuard};
pub use cors::preflight_method;
pub use directory::{Directory, SentApplications};
pub use rate_limit::{NamedLimit, RateLimiters, RateReport, SentRates};
pub use registry::{Kind, Policy, RequestPolicy, ResponsePolicy};
pub use verdict::{Reply, Verdict};
pub use view::{Admission, RequestView, ResponseView};
