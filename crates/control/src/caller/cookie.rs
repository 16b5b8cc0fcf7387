//! The cookie of a session, and the token that goes with it against forged requests.
//!
//! The cookie is not readable by pages, and is not sent by other sites' pages; the token must come
//! in a header besides, which only a page of ours can read and set.

use axum::http::HeaderValue;
use axum::http::header::{COOKIE, HeaderMap, HeaderName};
use subtle::ConstantTimeEq as _;

use super::token::{random_text, sha256, sha256_text};

/// The header in which the token must come with every write by a session.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

const NAME: &str = "architrave_session";

/// What a session's cookie is worth. Never printed: who has it is signed in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionCookie(String);

impl SessionCookie {
    /// A new one, which nobody can guess.
    pub(crate) fn new() -> Result<Self, ring::error::Unspecified> {
        Ok(Self(random_text::<32>()?))
    }

    /// The one that came with a request.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = values.flat_map(|value| value.split(';')).map(str::trim);
        let value = pairs.find_map(|pair| pair.strip_prefix(NAME)?.strip_prefix('='))?;
        let is_ours = (1..=128).contains(&value.len()) && value.is_ascii();
        is_ours.then(|| Self(value.to_owned()))
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

impl std::fmt::Debug for SessionCookie {
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
    header(&cookie.0, seconds, is_over_tls)
}

/// `Set-Cookie` that makes the browser forget it.
pub(crate) fn clearing_cookie(is_over_tls: bool) -> HeaderValue {
    header("", 0, is_over_tls)
}

fn header(value: &str, seconds: u64, is_over_tls: bool) -> HeaderValue {
    let secure = if is_over_tls { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).expect("letters, digits and punctuation of a cookie")
}
