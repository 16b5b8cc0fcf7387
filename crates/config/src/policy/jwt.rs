//! `jwt`: callers prove themselves by a token (JWT) that an issuer has signed for this gateway.
//!
//! With `resource` the gateway is an OAuth resource server that says so: where its tokens come from
//! is found by its metadata (RFC 9728), and refusals name that (RFC 6750).

use std::path::PathBuf;

use crate::jwt::{Jwt, key_set};
use crate::read::{BaseUrl, FilePath, JsonText, List, Scope, Text, record};

/// Where the metadata of a resource is, before its own path (RFC 9728 §3.1).
pub const METADATA_PREFIX: &str = "/.well-known/oauth-protected-resource";

/// The policy as validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtAuth {
    /// Which tokens are taken.
    pub tokens: Jwt,
    /// What every token must have leave for.
    pub scopes: Vec<String>,
    /// What the gateway is known by as a resource: a URL without a slash at its end.
    pub resource: Option<String>,
    /// Who gives tokens for it; never empty where there is a resource.
    pub authorization_servers: Vec<String>,
    /// Whether the token is passed on to the service.
    pub forward: bool,
}

record! {
    /// Callers prove themselves by a token (JWT, RFC 7519) of an issuer, after `Bearer ` in
    /// `authorization`; one of its claims names a consumer or an application. Exactly one of
    /// `jwks_url`, `jwks_file` and `jwks` says where the issuer's keys are.
    #[derive(Debug)]
    pub(super) struct JwtAuthWritten => JwtAuth by finish {
        /// Where the issuer's key set is fetched from.
        "jwks_url": Option<BaseUrl> = None => jwks_url: Option<String>,
        /// The key set as a file.
        "jwks_file": Option<FilePath> = None => jwks_file: Option<PathBuf>,
        /// The key set itself: `{ keys: […] }`.
        "jwks": Option<JsonText> = None => jwks: Option<String>,
        /// What `iss` of a token must be.
        "issuer": Text => issuer: String,
        /// What `aud` of a token must hold; by default what `resource` says.
        "audience": Option<Text> = None => audience: Option<String>,
        /// The claim that names the consumer or the application.
        "consumer_claim": Text = "sub".to_owned() => consumer_claim: String,
        /// Whether the key set may be at a private address; a literal one in a file is permission.
        "allow_private": bool = false => allow_private: bool,
        /// Scopes that every token must have, in `scope` or `scp`.
        "scopes": List<Text> = Vec::new() => scopes: Vec<String>,
        /// The URL that clients know this by, such as `https://gateway.example.com/mcp`: then they
        /// are told, as OAuth has it (RFC 9728), where tokens for it come from.
        "resource": Option<BaseUrl> = None => resource: Option<String>,
        /// Where tokens for the resource come from; by default the issuer.
        "authorization_servers": List<BaseUrl> = Vec::new() => authorization_servers: Vec<String>,
        /// Whether the token is passed on to the service; never to an MCP server or a provider.
        "forward": bool = false => forward: bool,
    }
}

impl JwtAuthWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<JwtAuth> {
        let key_set = key_set(scope, self.jwks_url, self.jwks_file, self.jwks);
        if self.audience.is_none() && self.resource.is_none() && !scope.has("resource") {
            scope.refuse("needs `audience` or `resource`: a token for others must not be taken");
        }
        if self.scopes.iter().any(|one| !is_scope(one)) {
            scope.refuse_at("scopes", "a scope is printable ASCII without spaces and quotes");
        }
        if self.resource.is_none() && scope.has("authorization_servers") {
            scope.refuse_at("authorization_servers", "has no effect without `resource`");
        }
        let mut authorization_servers = self.authorization_servers;
        if self.resource.is_some() && authorization_servers.is_empty() {
            authorization_servers.push(self.issuer.clone());
        }
        let audience = self.audience.or_else(|| self.resource.clone())?;
        let Self { issuer, consumer_claim, allow_private, scopes, resource, forward, .. } = self;
        let tokens = Jwt { key_set: key_set?, issuer, audience, consumer_claim, allow_private };
        Some(JwtAuth { tokens, scopes, resource, authorization_servers, forward })
    }
}

/// What OAuth takes as one (RFC 6749 §3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}
