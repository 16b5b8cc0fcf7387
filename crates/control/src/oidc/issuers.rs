//! What is remembered of issuers: their descriptions and keys, asked for when they are needed and
//! anew after a while, or when a token names a key that is not known yet.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use architrave_config::IdentityProvider;
use architrave_config::ports::{IdentityPort, WebQuestion};
use architrave_core::{Clock, Moment};

use architrave_jwt::Keys;

use super::Description;

/// Descriptions and keys are asked for anew after this.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// For a key that is not known, keys are asked for again at most this often: whoever sends tokens
/// with made-up keys must not make us ask each time.
const AGAIN: Duration = Duration::from_secs(5);

/// More issuers than anybody signs in by; beyond it, what is remembered is forgotten.
const ISSUERS_MAX: usize = 64;

/// What is remembered of issuers.
pub(crate) struct Issuers {
    clock: Clock,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Default)]
struct Known {
    description: Option<(Arc<Description>, Moment)>,
    keys: Option<(Arc<Keys>, Moment)>,
}

/// Why an identity provider cannot be asked, for its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable(pub(crate) String);

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Issuers {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// What a provider says of itself.
    ///
    /// # Errors
    /// When it does not answer, or with what is no description of it.
    pub(crate) async fn description(
        &self,
        port: &dyn IdentityPort,
        provider: &IdentityProvider,
    ) -> Result<Arc<Description>, Unavailable> {
        let known = self.known(&provider.issuer);
        if let Some((description, _)) = known.description.filter(|(_, at)| self.is_fresh(*at)) {
            return Ok(description);
        }
        let body = get(port, provider, Description::url(&provider.issuer)).await?;
        let read = Description::read(&body, &provider.issuer).map_err(Unavailable)?;
        let description = Arc::new(read);
        let now = self.clock.now();
        self.remember(&provider.issuer, |known| {
            // Other keys may be elsewhere.
            let before = known.description.as_ref().map(|(before, _)| &before.jwks_uri);
            if before.is_some_and(|before| *before != description.jwks_uri) {
                known.keys = None;
            }
            known.description = Some((Arc::clone(&description), now));
        });
        Ok(description)
    }

    /// The keys that a provider signs with; asked for again when one was missing among `seen`.
    ///
    /// # Errors
    /// When it does not answer, or with what are no keys.
    pub(crate) async fn keys(
        &self,
        port: &dyn IdentityPort,
        provider: &IdentityProvider,
        seen: Option<&Arc<Keys>>,
    ) -> Result<Arc<Keys>, Unavailable> {
        let now = self.clock.now();
        if let Some((keys, at)) = self.known(&provider.issuer).keys {
            let is_new = seen.is_none_or(|seen| !Arc::ptr_eq(seen, &keys));
            let is_enough = match is_new {
                true => self.is_fresh(at),
                false => now.since(at) < AGAIN,
            };
            if is_enough {
                return Ok(keys);
            }
        }
        let description = self.description(port, provider).await?;
        let body = get(port, provider, description.jwks_uri.clone()).await?;
        let keys = Arc::new(
            Keys::read(&body)
                .map_err(|error| Unavailable(format!("its keys cannot be read: {error}")))?,
        );
        self.remember(&provider.issuer, |known| known.keys = Some((Arc::clone(&keys), now)));
        Ok(keys)
    }

    fn is_fresh(&self, at: Moment) -> bool {
        self.clock.now().since(at) < KEPT
    }

    fn known(&self, issuer: &str) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(issuer).cloned().unwrap_or_default()
    }

    fn remember(&self, issuer: &str, note: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ISSUERS_MAX && !known.contains_key(issuer) {
            known.clear();
        }
        note(known.entry(issuer.to_owned()).or_default());
    }
}

async fn get(
    port: &dyn IdentityPort,
    provider: &IdentityProvider,
    url: String,
) -> Result<Vec<u8>, Unavailable> {
    let allow_private = provider.allow_private;
    let question = WebQuestion { url, authorization: None, form: None, allow_private };
    let answer = port.ask(question).await.map_err(|error| Unavailable(error.to_string()))?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(Unavailable(format!("it answers {status}"))),
    }
}
