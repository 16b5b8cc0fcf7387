//! `key_auth`: callers prove themselves by an API key of a consumer.
//!
//! A key is looked for in every place that the policy names; any valid one will do. Two keys in
//! one place are refused: which of them another reader of the same request takes is anyone's guess.

mod query;

use std::sync::Arc;

use architrave_config::policy as config;
use architrave_net::Fields;

use crate::authenticate::{Identity, IdentityPolicy};
use crate::consumers::Consumers;
use crate::jwt::bearer;
use crate::registry::{Build, Policy, Site};
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Debug)]
pub struct KeyAuth {
    headers: Box<[String]>,
    query: Box<[String]>,
    forward: bool,
    /// Whether a bearer token beside the key, which is no key of ours, is left to the service: where
    /// nobody has said that keys are looked for there.
    leaves_bearers: bool,
    challenge: &'static [u8],
    /// Whether they are looked for among the protocols of a WebSocket, too.
    in_protocols: bool,
    /// As it works on services of models, where that is different.
    of_models: Option<Arc<Policy>>,
}

const AUTHORIZATION: &str = "authorization";
/// Where Google's clients put keys, and nobody else does.
const GOOGLE: &str = "x-goog-api-key";
/// Where browsers put them, which can set no fields of a WebSocket's handshake: among its protocols.
const PROTOCOLS: &str = "sec-websocket-protocol";
/// How keys begin that the gateway has made; one that has expired is taken out, too.
const KEY_BEGINNING: &[u8] = b"arc_key_";
/// How a key among protocols begins.
const PROTOCOL_KEY: &str = "openai-insecure-api-key.";

impl Build<config::KeyAuth> for KeyAuth {
    fn build(config: &config::KeyAuth, _site: &Site<'_>) -> Self {
        let of_models = config.for_models();
        Self {
            of_models: (of_models != *config)
                .then(|| Arc::new(Policy::KeyAuth(Self::of_clients(&of_models)))),
            ..Self::new(config)
        }
    }
}

impl KeyAuth {
    /// A policy that looks for keys wherever clients of models put them.
    pub(crate) fn anywhere() -> Arc<Policy> {
        let config = config::KeyAuth {
            headers: Vec::new(),
            query: Vec::new(),
            forward: false,
            places_given: false,
        };
        Arc::new(Policy::KeyAuth(Self::of_clients(&config.for_models())))
    }

    /// A policy as it is where the file says nothing of it but that it is there.
    pub(crate) fn by_default() -> Arc<Policy> {
        Arc::new(Policy::KeyAuth(Self::new(&config::KeyAuth::default())))
    }

    /// The same for services over HTTP that a plan opens: beside the key of an application there may be
    /// the token of its user, which is the service's.
    pub(crate) fn beside_bearers() -> Arc<Policy> {
        let policy = Self::new(&config::KeyAuth::default());
        Arc::new(Policy::KeyAuth(Self { leaves_bearers: true, ..policy }))
    }

    /// The policy that takes its place on services of models, if another does.
    pub(crate) const fn of_models(&self) -> Option<&Arc<Policy>> {
        self.of_models.as_ref()
    }

    /// One that looks wherever clients of models put keys.
    fn of_clients(config: &config::KeyAuth) -> Self {
        Self { in_protocols: true, ..Self::new(config) }
    }

    fn new(config: &config::KeyAuth) -> Self {
        let takes_bearer = config.headers.iter().any(|name| name == AUTHORIZATION);
        Self {
            headers: config.headers.clone().into(),
            query: config.query.clone().into(),
            forward: config.forward,
            leaves_bearers: false,
            challenge: if takes_bearer {
                b"Bearer realm=\"architrave\""
            } else {
                b"ApiKey realm=\"architrave\""
            },
            in_protocols: false,
            of_models: None,
        }
    }
}

impl IdentityPolicy for KeyAuth {
    fn identify(&self, view: &RequestView<'_>, consumers: &Consumers) -> Identity {
        let mut found = Identity::Missing;
        for name in &self.headers {
            match judge(keys_in(&view.head.fields, name), consumers) {
                Identity::Missing => {}
                verified @ Identity::Verified(_) => return verified,
                other => found = other,
            }
        }
        if self.in_protocols {
            match judge(keys_in_protocols(&view.head.fields), consumers) {
                Identity::Missing => {}
                verified @ Identity::Verified(_) => return verified,
                other => found = other,
            }
        }
        let Some(query) = view.head.query().filter(|_| !self.query.is_empty()) else {
            return found;
        };
        for name in &self.query {
            let values = query::values(query, name);
            match judge(values.iter().map(|value| &**value), consumers) {
                Identity::Missing => {}
                verified @ Identity::Verified(_) => return verified,
                other => found = other,
            }
        }
        found
    }

    fn conceal(&self, view: &mut RequestView<'_>, known: Option<&Consumers>) {
        if self.forward {
            return;
        }
        let known = known.filter(|_| self.leaves_bearers);
        let is_left = |token: &[u8]| {
            known.is_some_and(|known| {
                !token.starts_with(KEY_BEGINNING) && known.by_api_key(token).is_none()
            })
        };
        let fields = &mut view.head.fields;
        for name in &self.headers {
            if !fields.contains(name) {
                continue;
            }
            view.admission.is_of_google |= name == GOOGLE;
            fields.retain(|field| {
                !field.name.eq_ignore_ascii_case(name.as_bytes())
                    || (name == AUTHORIZATION && bearer(field.value).is_none_or(is_left))
            });
        }
        if !self.query.is_empty() {
            query::remove(&mut view.head.target, &self.query);
        }
    }

    fn challenge(&self) -> &[u8] {
        self.challenge
    }
}

/// What the keys of one place prove. An empty value is no key.
fn judge<'a>(mut keys: impl Iterator<Item = &'a [u8]>, consumers: &Consumers) -> Identity {
    let Some(key) = keys.next() else { return Identity::Missing };
    if keys.next().is_some() {
        return Identity::Invalid;
    }
    consumers.by_api_key(key).map_or(Identity::Invalid, Identity::Verified)
}

fn keys_in<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let is_authorization = name == AUTHORIZATION;
    fields
        .all(name)
        .filter_map(move |value| if is_authorization { bearer(value) } else { Some(value) })
        .filter(|key| !key.is_empty())
}

/// The keys among the protocols of a WebSocket. Who passes the handshake on leaves them out.
fn keys_in_protocols(fields: &Fields) -> impl Iterator<Item = &[u8]> {
    let protocols = fields.all(PROTOCOLS).flat_map(|value| value.split(|byte| *byte == b','));
    protocols
        .filter_map(|one| one.trim_ascii().strip_prefix(PROTOCOL_KEY.as_bytes()))
        .filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests;
