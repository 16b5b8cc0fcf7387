//! `jwt`: callers prove themselves by a token that an issuer has signed for this gateway.
//!
//! A token for somebody else is refused like any other that is wrong: whoever was given one must
//! not be able to use it here (RFC 8707). With a resource, refusals name its metadata (RFC 9728 §5.1).

use std::sync::Arc;

use architrave_config::policy as config;
use architrave_config::policy::jwt::METADATA_PREFIX;
use architrave_net::{Known, Method, RequestHead};
use serde_json::json;

use super::{Verified, Verifier, bearer};
use crate::authenticate::{Identity, IdentityPolicy};
use crate::consumers::Consumers;
use crate::registry::{Build, Site};
use crate::verdict::Reply;
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Clone, Debug)]
pub struct Jwt {
    verifier: Verifier,
    forward: bool,
    challenge: Box<[u8]>,
    challenge_of_invalid: Box<[u8]>,
    challenge_of_lacking: Box<[u8]>,
    metadata: Option<Arc<Metadata>>,
}

/// What a resource says of itself, for whoever asks (RFC 9728 §3.2).
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The canonical path that it is at.
    pub(crate) path: Box<str>,
    /// JSON.
    pub(crate) document: Arc<[u8]>,
}

impl Build<config::JwtAuth> for Jwt {
    fn build(config: &config::JwtAuth, site: &Site<'_>) -> Self {
        let keys = site.ground.directory.key_cell(&config.tokens);
        let scopes = config.scopes.clone().into();
        let about = about(config);
        let challenge = |error: &str| {
            let error =
                if error.is_empty() { String::new() } else { format!(", error=\"{error}\"") };
            format!("Bearer realm=\"architrave\"{error}{about}").into_bytes().into()
        };
        Self {
            verifier: Verifier { jwt: config.tokens.clone(), scopes, keys },
            forward: config.forward,
            challenge: challenge(""),
            challenge_of_invalid: challenge("invalid_token"),
            challenge_of_lacking: challenge("insufficient_scope"),
            metadata: config.resource.as_deref().map(|of| Arc::new(Metadata::new(of, config))),
        }
    }
}

impl Jwt {
    /// The policy that takes its place on services of models, if another does: no provider gets to
    /// see a token.
    pub(crate) fn of_models(&self) -> Option<Self> {
        self.forward.then(|| Self { forward: false, ..self.clone() })
    }

    /// What the resource says of itself, where it is one.
    pub(crate) const fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.metadata.as_ref()
    }
}

impl Metadata {
    fn new(resource: &str, config: &config::JwtAuth) -> Self {
        let mut document = json!({
            "resource": resource,
            "authorization_servers": config.authorization_servers,
            "bearer_methods_supported": ["header"],
        });
        if !config.scopes.is_empty() {
            document["scopes_supported"] = config.scopes.clone().into();
        }
        let (_, path) = parts(resource);
        Self {
            path: format!("{METADATA_PREFIX}{path}").into(),
            document: document.to_string().into_bytes().into(),
        }
    }

    /// The answer to a request for it.
    #[cold]
    pub(crate) fn reply(&self, method: &Method) -> Reply {
        match method {
            Method::Get | Method::Head => Reply::document(Arc::clone(&self.document)),
            _ => Reply::empty(405).with_field("allow", b"GET, HEAD"),
        }
    }
}

/// A URL's origin, and its path without a slash at its end.
fn parts(url: &str) -> (&str, &str) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
    url.split_at(end)
}

/// What a challenge says beside its error: where the metadata is, and what leave is needed.
fn about(config: &config::JwtAuth) -> String {
    let mut about = String::new();
    if let Some(resource) = &config.resource {
        let (origin, path) = parts(resource);
        about = format!(", resource_metadata=\"{origin}{METADATA_PREFIX}{path}\"");
    }
    if !config.scopes.is_empty() {
        about = format!("{about}, scope=\"{}\"", config.scopes.join(" "));
    }
    about
}

impl IdentityPolicy for Jwt {
    fn identify(&self, view: &RequestView<'_>, consumers: &Consumers) -> Identity {
        let mut tokens = tokens(view.head);
        let Some(token) = tokens.next() else { return Identity::Missing };
        if tokens.next().is_some() {
            return Identity::Invalid;
        }
        match self.verifier.verify(token, consumers.directory().clock().wall()) {
            Verified::Names(name) => {
                consumers.by_name(&name).map_or(Identity::Invalid, Identity::Verified)
            }
            Verified::Lacking => Identity::Lacking,
            Verified::NoKeys => Identity::Unready,
            Verified::NotOurs | Verified::Wrong => Identity::Invalid,
        }
    }

    fn conceal(&self, view: &mut RequestView<'_>, _known: Option<&Consumers>) {
        if !self.forward {
            view.head.fields.retain(|field| {
                field.known != Known::Authorization || bearer(field.value).is_none()
            });
        }
    }

    fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    fn challenge_of_invalid(&self) -> &[u8] {
        &self.challenge_of_invalid
    }

    fn challenge_of_lacking(&self) -> &[u8] {
        &self.challenge_of_lacking
    }
}

fn tokens(head: &RequestHead) -> impl Iterator<Item = &[u8]> {
    let shown = head.fields.all_known(Known::Authorization).filter_map(bearer);
    shown.filter(|token| !token.is_empty())
}
