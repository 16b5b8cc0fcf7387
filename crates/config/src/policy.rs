//! The policies that can be attached to everything, listeners, routes, services and consumers:
//! one file each, and one line each in [`PolicySet`].

pub mod basic_auth;
pub mod body_limit;
pub mod cache;
pub mod cors;
pub mod guardrail;
pub mod headers;
pub mod ip_filter;
pub mod jwt;
pub mod key_auth;
pub mod rate_limit;
pub mod redirect;
pub mod rewrite;

pub use basic_auth::BasicAuth;
pub use body_limit::BodyLimit;
pub use cache::Cache;
pub use cors::Cors;
pub use guardrail::{Guardrail, GuardrailAction, PersonalData, SoughtPattern};
pub use headers::{HeaderEdits, Headers};
pub use ip_filter::IpFilter;
pub use jwt::JwtAuth;
pub use key_auth::KeyAuth;
pub use rate_limit::{RateLimit, RateLimitKey};
pub use redirect::Redirect;
pub use rewrite::Rewrite;

use crate::read::{Scope, record};
use guardrail::GuardrailWritten;
use jwt::JwtAuthWritten;
use key_auth::KeyAuthWritten;
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
        "key_auth": Option<KeyAuthWritten> = None => pub key_auth: Option<KeyAuth>,
        /// Callers prove themselves by name and password.
        "basic_auth": Option<BasicAuth> = None => pub basic_auth: Option<BasicAuth>,
        /// Callers prove themselves by a token of an issuer.
        "jwt": Option<JwtAuthWritten> = None => pub jwt: Option<JwtAuth>,
        /// Requests per time.
        "rate_limit": Option<RateLimitWritten> = None => pub rate_limit: Option<RateLimit>,
        /// Bytes per request body.
        "body_limit": Option<BodyLimit> = None => pub body_limit: Option<BodyLimit>,
        /// Another path or host toward the service.
        "rewrite": Option<RewriteWritten> = None => pub rewrite: Option<Rewrite>,
        /// Fields set, added and removed.
        "headers": Option<Headers> = None => pub headers: Option<Headers>,
        /// What may not be said to models or by them.
        "guardrail": Option<GuardrailWritten> = None => pub guardrail: Option<Guardrail>,
        /// Answers of models that are given again.
        "cache": Option<Cache> = None => pub cache: Option<Cache>,
    }
    later "acl", "compression", "oidc", "quota", "transform";
}

/// The policies of what models are told and say; they have no effect on anything else.
const OF_MODELS: [&str; 2] = ["guardrail", "cache"];

/// Refuses policies of models on an object that leads to none.
pub(crate) fn refuse_those_of_models(scope: &mut Scope<'_, '_, '_>) {
    let Some(set) = scope.node.get("policies") else { return };
    for key in OF_MODELS {
        if let Some(policy) = set.get(key) {
            let message = format!(
                "`{key}` has no effect here: it works on services of kind `llm` and `prompt`"
            );
            scope.reader.refuse(policy.place, message);
        }
    }
}

impl PolicySet {
    /// Whether no policy is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
