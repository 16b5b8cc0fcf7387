//! Credentials on requests: what a provider's way to be shown one puts into headers and query.
//!
//! It keeps nothing and asks nobody: whoever calls has the credential and the time. Access tokens
//! of Google's are fetched elsewhere; [`ServiceAccount`] writes what is asked and reads the answer.

use std::borrow::Cow;
use std::time::SystemTime;

use architrave_core::Secret;

use crate::catalog::Auth;

mod amz_date;
mod percent;
mod service_account;
mod sigv4;
#[cfg(test)]
mod tests;
mod token_uri;

pub use service_account::{AccessToken, ServiceAccount, ServiceAccountError};
pub use token_uri::TokenUri;

/// What a provider is shown.
#[derive(Debug, Clone, Copy)]
pub enum ProviderSecret<'a> {
    /// Nothing; only for providers that ask for nothing.
    None,
    /// A key, or an access token that is valid now.
    Key(&'a Secret),
    /// Keys to sign with.
    Aws(AwsSecret<'a>),
}

/// Keys that AWS has given.
#[derive(Debug, Clone, Copy)]
pub struct AwsSecret<'a> {
    /// Which keys they are; it is sent.
    pub access_key_id: &'a str,
    /// What is signed with; it is not sent.
    pub secret_access_key: &'a Secret,
    /// What keys for a while come with; it is sent.
    pub session_token: Option<&'a Secret>,
    /// The region that the request goes to.
    pub region: &'a str,
}

/// The parts of a request that a signature is made over, as they go out.
#[derive(Debug, Clone, Copy)]
pub struct SignedParts<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// What the `Host` header says, or `:authority`.
    pub host: &'a str,
    /// Path and query.
    pub path_and_query: &'a str,
    /// Headers to be signed beside `host` and those that are added here; at least none. Names in
    /// lower case; a name may come twice.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: SignedBody<'a>,
}

/// The body of a request that is signed.
#[derive(Debug, Clone, Copy)]
pub enum SignedBody<'a> {
    /// The pieces that it is put together from.
    Pieces(&'a [&'a [u8]]),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// What goes onto a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Headers, with names in lower case; values are printable ASCII.
    pub headers: Vec<(Cow<'static, str>, Secret)>,
    /// A parameter of the query, `name=value`, already encoded.
    pub query: Option<Secret>,
}

/// Why a credential cannot be shown to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// It is of another kind than the provider asks for.
    #[error("the provider wants {wanted}")]
    Kind {
        /// What would be right.
        wanted: &'static str,
    },
    /// It cannot stand in a header.
    #[error("{part} must be printable ASCII without line breaks")]
    Unprintable {
        /// Which part of it.
        part: &'static str,
    },
    /// It is empty.
    #[error("{part} is empty")]
    Empty {
        /// Which part of it.
        part: &'static str,
    },
}

/// What a request needs to show a credential at `now`.
///
/// # Errors
/// Where the credential is none that the provider takes.
pub fn apply(
    auth: &Auth,
    secret: &ProviderSecret<'_>,
    request: &SignedParts<'_>,
    now: SystemTime,
) -> Result<Applied, AuthError> {
    match (auth, secret) {
        (Auth::SigV4(service), ProviderSecret::Aws(keys)) => {
            check_keys(keys)?;
            Ok(sigv4::sign(service, keys, request, now))
        }
        _ => Ok(standing(auth, secret)?.unwrap_or_default()),
    }
}

/// What every request shows alike, so that it can be made once; nothing where each is signed.
///
/// # Errors
/// Where the credential is none that the provider takes; [`apply`] would say the same.
pub fn standing(auth: &Auth, secret: &ProviderSecret<'_>) -> Result<Option<Applied>, AuthError> {
    let key = match (auth, secret) {
        (Auth::SigV4(_), ProviderSecret::Aws(keys)) => return check_keys(keys).map(|()| None),
        (Auth::SigV4(_), _) => return Err(AuthError::Kind { wanted: "`aws` keys to sign with" }),
        (Auth::None, ProviderSecret::None) => return Ok(Some(Applied::default())),
        (_, ProviderSecret::Key(key)) => printable("the credential", key.expose())?,
        (Auth::Google, _) => {
            return Err(AuthError::Kind { wanted: "an access token or a `gcp` service account" });
        }
        _ => return Err(AuthError::Kind { wanted: "a key as its credential" }),
    };
    let header = |name: Cow<'static, str>, value: String| Applied {
        headers: vec![(name, Secret::new(value))],
        query: None,
    };
    Ok(Some(match auth {
        Auth::Header(name) => header(name.clone().into(), key.to_owned()),
        Auth::Word(word) => header("authorization".into(), format!("{word} {key}")),
        Auth::Query(name) => {
            let pair = format!("{}={}", percent::encoded(name), percent::encoded(key));
            Applied { headers: Vec::new(), query: Some(Secret::new(pair)) }
        }
        Auth::None | Auth::Bearer | Auth::Google | Auth::SigV4(_) => {
            header("authorization".into(), format!("Bearer {key}"))
        }
    }))
}

/// Whether keys can be signed with and sent.
fn check_keys(keys: &AwsSecret<'_>) -> Result<(), AuthError> {
    // The scope of a signature has slashes and commas between its parts.
    let is_part = |text: &str| text.bytes().all(|byte| !matches!(byte, b'/' | b',' | b' '));
    for (part, text) in [("`access_key_id`", keys.access_key_id), ("`region`", keys.region)] {
        if !is_part(printable(part, text)?) {
            return Err(AuthError::Unprintable { part });
        }
    }
    printable("`secret_access_key`", keys.secret_access_key.expose())?;
    let token = keys.session_token.map(|token| printable("`session_token`", token.expose()));
    token.transpose().map(drop)
}

/// A text that can be the value of a header as it is.
fn printable<'a>(part: &'static str, text: &'a str) -> Result<&'a str, AuthError> {
    if text.is_empty() {
        return Err(AuthError::Empty { part });
    }
    let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_printable { Ok(text) } else { Err(AuthError::Unprintable { part }) }
}
