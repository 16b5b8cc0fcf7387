//! The policies that can be attached to everything, listeners, routes, services and consumers:
//! one file each, and one line each in [`PolicySet`].

pub mod basic_auth;
pub mod body_limit;
pub mod cors;
pub mod headers;
pub mod ip_filter;
pub mod key_auth;
pub mod rate_limit;
pub mod redirect;
pub mod rewrite;

pub use basic_auth::BasicAuth;
pub use body_limit::BodyLimit;
pub use cors::Cors;
pub use headers::{HeaderEdits, Headers};
pub use ip_filter::IpFilter;
pub use key_auth::KeyAuth;
pub use rate_limit::{RateLimit, RateLimitKey};
pub use redirect::Redirect;
pub use rewrite::Rewrite;

use crate::read::record;
use rate_limit::RateLimitWritten;
use redirect::RedirectWritten;
use rewrite::RewriteWritten;

record! {
    /// The policies of one object; each kind at most once, their order fixed by phase.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PolicySet {
        /// Who is let in by address.
        "ip_filter": Option<IpFilter> = None => pub ip_filter: Option<IpFilter>,
        /// Answers with another address.
        "redirect": Option<RedirectWritten> = None => pub redirect: Option<Redirect>,
        /// What browsers of other origins may do.
        "cors": Option<Cors> = None => pub cors: Option<Cors>,
        /// Callers prove themselves by API key.
        "key_auth": Option<KeyAuth> = None => pub key_auth: Option<KeyAuth>,
        /// Callers prove themselves by name and password.
        "basic_auth": Option<BasicAuth> = None => pub basic_auth: Option<BasicAuth>,
        /// Requests per time.
        "rate_limit": Option<RateLimitWritten> = None => pub rate_limit: Option<RateLimit>,
        /// Bytes per request body.
        "body_limit": Option<BodyLimit> = None => pub body_limit: Option<BodyLimit>,
        /// Another path or host toward the service.
        "rewrite": Option<RewriteWritten> = None => pub rewrite: Option<Rewrite>,
        /// Fields set, added and removed.
        "headers": Option<Headers> = None => pub headers: Option<Headers>,
    }
    later "acl", "cache", "compression", "guardrail", "guardrails", "jwt", "oidc", "quota",
        "transform";
}

impl PolicySet {
    /// Whether no policy is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
