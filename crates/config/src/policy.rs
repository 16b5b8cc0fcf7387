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

/// The policies of one object; each kind at most once, their order fixed by phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicySet {
    /// Who is let in by address.
    pub ip_filter: Option<IpFilter>,
    /// Answers with another address.
    pub redirect: Option<Redirect>,
    /// What browsers of other origins may do.
    pub cors: Option<Cors>,
    /// Callers prove themselves by API key.
    pub key_auth: Option<KeyAuth>,
    /// Callers prove themselves by name and password.
    pub basic_auth: Option<BasicAuth>,
    /// Requests per time.
    pub rate_limit: Option<RateLimit>,
    /// Bytes per request body.
    pub body_limit: Option<BodyLimit>,
    /// Another path or host toward the service.
    pub rewrite: Option<Rewrite>,
    /// Fields set, added and removed.
    pub headers: Option<Headers>,
}

impl PolicySet {
    /// Whether no policy is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
