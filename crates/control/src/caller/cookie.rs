//! Cookies: the one of a session with the token that goes with it against forged requests, and the
//! one of a sign-in that is under way.
//!
//! Neither is readable by pages or sent by other sites' pages; for writes the token must come in a
//! header besides, which only a page of ours can read and set. Over TLS their names begin with
//! `__Host-`, so that nobody beside us on the same domain can plant one.

use axum::http::HeaderValue;
use axum::http::header::{COOKIE, HeaderMap, HeaderName};
use ring::error::Unspecified;
use subtle::ConstantTimeEq as _;

use super::token::{random_text, sha256, sha256_text};

/// The header in which the token must come with every write by a session.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// The cookie of a session.
const SESSION: &str = "architrave_session";

/// The cookie of a sign-in that is under way.
const SIGN_IN: &str = "architrave_sign_in";

/// What a session's cookie is worth. Never printed: who has it is signed in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionCookie(String);

/// What the cookie of a sign-in is worth: everything that must fit together follows from it.
#[derive(Clone)]
pub(crate) struct SignInCookie(String);

impl SessionCookie {
    /// A new one, which nobody can guess.
    pub(crate) fn new() -> Result<Self, Unspecified> {
        Ok(Self(random_text::<32>()?))
    }

    /// The one that came with a request.
    pub(crate) fn of(headers: &HeaderMap, is_over_tls: bool) -> Option<Self> {
        sent(headers, SESSION, is_over_tls).map(Self)
    }

    /// What the database knows it by.
    pub(crate) fn id_hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// The token against forged requests, which follows from the cookie.
    pub(crate) fn csrf_token(&self) -> String {
        sha256_text(format!("csrf {}", self.0).as_bytes())
    }

    /// What the database knows the token by.
    pub(crate) fn csrf_hash(&self) -> [u8; 32] {
        sha256(self.csrf_token().as_bytes())
    }

    /// Whether a write comes with the right token.
    pub(crate) fn is_confirmed_by(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(CSRF_HEADER);
        sent.is_some_and(|sent| sent.as_bytes().ct_eq(self.csrf_token().as_bytes()).into())
    }
}

impl SignInCookie {
    /// A new one, which nobody can guess.
    pub(crate) fn new() -> Result<Self, Unspecified> {
        Ok(Self(random_text::<32>()?))
    }

    /// The one that came with a request.
    pub(crate) fn of(headers: &HeaderMap, is_over_tls: bool) -> Option<Self> {
        sent(headers, SIGN_IN, is_over_tls).map(Self)
    }

    /// What the database knows it by.
    pub(crate) fn id_hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// What comes back in the address, and says that the answer is to our question.
    pub(crate) fn state(&self) -> String {
        self.derived("state")
    }

    /// Whether that is what came back.
    pub(crate) fn is_state(&self, state: &str) -> bool {
        self.state().as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// What must stand in the token.
    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What proves that whoever brings the code has asked for it (RFC 7636).
    pub(crate) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// What of the verifier is told before.
    pub(crate) fn code_challenge(&self) -> String {
        sha256_text(self.verifier().as_bytes())
    }

    fn derived(&self, what: &str) -> String {
        sha256_text(format!("sign-in {what} {}", self.0).as_bytes())
    }

    /// `Set-Cookie` for at most `seconds`.
    pub(crate) fn setting(&self, seconds: u64, is_over_tls: bool) -> HeaderValue {
        header(SIGN_IN, &self.0, seconds, is_over_tls)
    }

    /// `Set-Cookie` that makes the browser forget it.
    pub(crate) fn clearing(is_over_tls: bool) -> HeaderValue {
        header(SIGN_IN, "", 0, is_over_tls)
    }
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl std::fmt::Debug for SignInCookie {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// `Set-Cookie` for a new session, for at most `seconds`.
pub(crate) fn setting_cookie(
    cookie: &SessionCookie,
    seconds: u64,
    is_over_tls: bool,
) -> HeaderValue {
    header(SESSION, &cookie.0, seconds, is_over_tls)
}

/// `Set-Cookie` that makes the browser forget it.
pub(crate) fn clearing_cookie(is_over_tls: bool) -> HeaderValue {
    header(SESSION, "", 0, is_over_tls)
}

/// The value of a cookie of ours that came with a request.
fn sent(headers: &HeaderMap, name: &str, is_over_tls: bool) -> Option<String> {
    let name = full_name(name, is_over_tls);
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).map(str::trim);
    let value = pairs.find_map(|pair| pair.strip_prefix(name.as_str())?.strip_prefix('='))?;
    let is_ours = (1..=128).contains(&value.len()) && value.is_ascii();
    is_ours.then(|| value.to_owned())
}

fn header(name: &str, value: &str, seconds: u64, is_over_tls: bool) -> HeaderValue {
    let name = full_name(name, is_over_tls);
    let secure = if is_over_tls { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).expect("letters, digits and punctuation of a cookie")
}

fn full_name(name: &str, is_over_tls: bool) -> String {
    if is_over_tls { format!("__Host-{name}") } else { name.to_owned() }
}
