//! Tokens (JWT, RFC 7519) by which callers prove themselves, by a policy or by a plan: read, checked
//! by a key set, and asked whom they name.

mod policy;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use architrave_config::{Jwt as Tokens, KeySet};
use architrave_jwt::{Keys, Signature, SignedToken};
use serde_json::Value;

pub use policy::Jwt;
pub(crate) use policy::Metadata;

/// The longest token that is read; longer ones are nobody's.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// How far the clocks of an issuer and of this machine may be apart.
const LEEWAY_S: f64 = 60.0;

/// The keys of an issuer as they were last read. Whoever reads them is elsewhere: nothing here waits.
#[derive(Debug)]
pub struct KeyCell {
    source: KeySet,
    allow_private: bool,
    keys: ArcSwapOption<ReadKeys>,
    /// A token named a key that is not there.
    is_wanted: AtomicBool,
}

/// Keys, and the set that they were read from.
#[derive(Debug)]
struct ReadKeys {
    keys: Keys,
    set: Box<[u8]>,
}

impl KeyCell {
    /// A cell for the keys of an issuer; those that stand in the configuration are there at once.
    pub(crate) fn new(jwt: &Tokens) -> Self {
        let cell = Self {
            source: jwt.key_set.clone(),
            allow_private: jwt.allow_private,
            keys: ArcSwapOption::empty(),
            is_wanted: AtomicBool::new(false),
        };
        if let KeySet::Text(text) = &jwt.key_set {
            // What is no set has no key: every token is refused.
            let _why_not = cell.put(text.as_bytes());
        }
        cell
    }

    pub(crate) fn is_of(&self, jwt: &Tokens) -> bool {
        self.source == jwt.key_set && self.allow_private == jwt.allow_private
    }

    /// Where the keys come from.
    #[must_use]
    pub const fn source(&self) -> &KeySet {
        &self.source
    }

    /// Whether they may come from a private address.
    #[must_use]
    pub const fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// Puts other keys in place of those that there are: a JSON Web Key Set (RFC 7517).
    ///
    /// # Errors
    /// What is wrong with it; then they stay as they were.
    pub fn put(&self, set: &[u8]) -> Result<(), String> {
        let read = ReadKeys { keys: Keys::read(set)?, set: set.into() };
        self.keys.store(Some(Arc::new(read)));
        Ok(())
    }

    /// The set that they were read from, where they have been.
    #[must_use]
    pub fn text(&self) -> Option<Box<[u8]>> {
        self.keys.load().as_ref().map(|read| read.set.clone())
    }

    /// Whether a token named a key that was not there since this was last asked.
    #[must_use]
    pub fn take_wanted(&self) -> bool {
        self.is_wanted.swap(false, Ordering::Relaxed)
    }
}

/// Tokens of one issuer for one audience.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    pub(crate) jwt: Tokens,
    /// What a token must have leave for.
    pub(crate) scopes: Box<[String]>,
    pub(crate) keys: Arc<KeyCell>,
}

/// What became of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// It is right, and names this caller.
    Names(String),
    /// It is right, and has not the scopes that are needed.
    Lacking,
    /// It is another issuer's, or for another audience.
    NotOurs,
    /// It is wrong, over, not yet good, or names nobody.
    Wrong,
    /// The keys of its issuer have not been read yet.
    NoKeys,
}

impl Verifier {
    /// Reads and checks a token.
    pub(crate) fn verify(&self, token: &[u8], now: SystemTime) -> Verified {
        let token = std::str::from_utf8(token).ok();
        let token = token.and_then(|token| SignedToken::read(token, TOKEN_BYTES_MAX));
        let Some(token) = token else { return Verified::NotOurs };
        let is_ours = token.text("iss") == Some(&self.jwt.issuer) && self.is_audience(&token);
        if !is_ours {
            return Verified::NotOurs;
        }
        let Some(read) = self.keys.keys.load_full() else {
            self.keys.is_wanted.store(true, Ordering::Relaxed);
            return Verified::NoKeys;
        };
        match token.check(&read.keys) {
            Signature::Right => {}
            Signature::Wrong | Signature::NotTaken => return Verified::Wrong,
            Signature::NoKey => {
                self.keys.is_wanted.store(true, Ordering::Relaxed);
                return Verified::Wrong;
            }
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
        let time = |name: &str| token.claims.get(name).map(Value::as_f64);
        let is_good = match (time("exp"), time("nbf")) {
            (Some(Some(end)), None) => now < end + LEEWAY_S,
            (Some(Some(end)), Some(Some(begin))) => now < end + LEEWAY_S && begin - LEEWAY_S <= now,
            // A token without an end would be good for ever.
            _ => false,
        };
        match token.text(&self.jwt.consumer_claim) {
            Some(name) if is_good && !name.is_empty() => match self.has_scopes(&token) {
                true => Verified::Names(name.to_owned()),
                false => Verified::Lacking,
            },
            _ => Verified::Wrong,
        }
    }

    /// Whether it has all scopes: a text with spaces between them (RFC 9068 §2.2.3), or a list.
    fn has_scopes(&self, token: &SignedToken<'_>) -> bool {
        let has = |wanted: &str, held: &Value| match held {
            Value::String(text) => text.split(' ').any(|one| one == wanted),
            Value::Array(all) => all.iter().any(|one| one.as_str() == Some(wanted)),
            _ => false,
        };
        let held = [token.claims.get("scope"), token.claims.get("scp")];
        self.scopes.iter().all(|wanted| held.into_iter().flatten().any(|held| has(wanted, held)))
    }

    fn is_audience(&self, token: &SignedToken<'_>) -> bool {
        let is_it = |value: &Value| value.as_str() == Some(&self.jwt.audience);
        match token.claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(is_it),
            Some(one) => is_it(one),
            None => false,
        }
    }
}

/// The token after `Bearer`, whose case does not matter (RFC 9110 §11.1).
pub(crate) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
