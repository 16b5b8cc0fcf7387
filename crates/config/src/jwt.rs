//! Tokens (JWT, RFC 7519) of an issuer, and where the keys are by which they are checked.

use std::path::PathBuf;

use crate::identity_provider::is_this_machine;
use crate::read::{BaseUrl, FilePath, JsonText, Scope, Text, record};

/// Tokens of an issuer, and how they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwt {
    /// Where the keys are that sign them.
    pub key_set: KeySet,
    /// What `iss` of a token must be.
    pub issuer: String,
    /// What `aud` of a token must hold.
    pub audience: String,
    /// The claim that names the caller.
    pub consumer_claim: String,
    /// Whether the key set may be at a private address.
    pub allow_private: bool,
}

/// A set of public keys (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeySet {
    /// Fetched, and fetched anew now and then.
    Url(String),
    /// Read from a file when the configuration is.
    File(PathBuf),
    /// As written: JSON.
    Text(String),
}

record! {
    /// Tokens (JWT, RFC 7519) of an issuer; exactly one of `jwks_url`, `jwks_file` and `jwks`.
    #[derive(Debug)]
    pub(crate) struct JwtWritten => Jwt by finish {
        /// Where the issuer's key set is fetched from.
        "jwks_url": Option<BaseUrl> = None => jwks_url: Option<String>,
        /// The key set as a file.
        "jwks_file": Option<FilePath> = None => jwks_file: Option<PathBuf>,
        /// The key set itself: `{ keys: […] }`.
        "jwks": Option<JsonText> = None => jwks: Option<String>,
        /// What `iss` of a token must be.
        "issuer": Text => issuer: String,
        /// What `aud` of a token must hold.
        "audience": Text => audience: String,
        /// The claim that names the application.
        "consumer_claim": Text = "sub".to_owned() => consumer_claim: String,
        /// Whether the key set may be at a private address; a literal one in a file is permission.
        "allow_private": bool = false => allow_private: bool,
    }
}

/// The keys of which exactly one says where the key set is.
const SOURCES: [&str; 3] = ["jwks_url", "jwks_file", "jwks"];

impl JwtWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Jwt> {
        let key_set = key_set(scope, self.jwks_url, self.jwks_file, self.jwks)?;
        let Self { issuer, audience, consumer_claim, allow_private, .. } = self;
        Some(Jwt { key_set, issuer, audience, consumer_claim, allow_private })
    }
}

/// The one key set that is written.
pub(crate) fn key_set(
    scope: &mut Scope<'_, '_, '_>,
    url: Option<String>,
    file: Option<PathBuf>,
    text: Option<String>,
) -> Option<KeySet> {
    match SOURCES.iter().filter(|key| scope.has(key)).count() {
        1 => {}
        0 => scope.refuse("needs one of `jwks_url`, `jwks_file` and `jwks`"),
        _ => scope.refuse("takes only one of `jwks_url`, `jwks_file` and `jwks`"),
    }
    // Whoever is on the way would say whose tokens are good; and it would never be asked.
    let is_plain = |url: &String| url.starts_with("http://") && !is_this_machine(url);
    if url.as_ref().is_some_and(is_plain) {
        scope.refuse_at("jwks_url", "it is `https`: only one on this machine may go without");
    }
    url.map(KeySet::Url).or(file.map(KeySet::File)).or(text.map(KeySet::Text))
}
