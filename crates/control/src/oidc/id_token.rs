//! An ID token: whether it is the issuer's, for us, of now, and the answer to what we asked.

use std::fmt;

use architrave_jwt::{Keys, Signature, SignedToken};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

/// The longest token that is looked at: groups of thousands make them long.
const TOKEN_BYTES_MAX: usize = 128 * 1024;

/// How far the clocks of two machines may be apart, in seconds.
const LEEWAY: i64 = 60;

/// The longest `sub`, as OpenID Connect has it.
const SUBJECT_BYTES_MAX: usize = 255;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// What a token that may be believed says.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    /// Who it is to the issuer; never used for anybody else.
    pub(crate) subject: String,
    /// All of it.
    pub(crate) all: Map<String, Value>,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// It is no signed token.
    Malformed,
    /// It is not signed, or in a way that is not taken.
    Algorithm,
    /// It is signed with a key that the issuer has not shown yet.
    KeyUnknown,
    /// The signature is wrong.
    Signature,
    /// It is another issuer's.
    Issuer,
    /// It is for others.
    Audience,
    /// It is over, or not good yet.
    Time,
    /// It answers another question.
    Nonce,
    /// It says of nobody.
    Subject,
}

impl fmt::Display for TokenFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "its token is none",
            Self::Algorithm => "its token is not signed in a way that is taken",
            Self::KeyUnknown => "its token is signed with a key that it does not show",
            Self::Signature => "the signature of its token is wrong",
            Self::Issuer => "its token is another issuer's",
            Self::Audience => "its token is for somebody else",
            Self::Time => "its token is over, or not good yet",
            Self::Nonce => "its token answers another question",
            Self::Subject => "its token says of nobody",
        })
    }
}

impl Claims {
    /// Reads a token and checks all of it.
    ///
    /// # Errors
    /// Why it is not believed.
    pub(crate) fn verify(
        token: &str,
        keys: &Keys,
        expected: &Expected<'_>,
    ) -> Result<Self, TokenFault> {
        let token = SignedToken::read(token, TOKEN_BYTES_MAX).ok_or(TokenFault::Malformed)?;
        match token.check(keys) {
            Signature::Right => {}
            Signature::Wrong => return Err(TokenFault::Signature),
            Signature::NoKey => return Err(TokenFault::KeyUnknown),
            Signature::NotTaken => return Err(TokenFault::Algorithm),
        }
        let all = token.claims;
        check(&all, expected)?;
        let subject = text(&all, "sub").unwrap_or_default();
        if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX || subject.contains('\0') {
            return Err(TokenFault::Subject);
        }
        Ok(Self { subject: subject.to_owned(), all })
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        text(&self.all, name)
    }

    /// A claim that is true; some providers write it as a text.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        match self.all.get(name) {
            Some(Value::Bool(is_true)) => *is_true,
            Some(Value::String(word)) => word == "true",
            _ => false,
        }
    }

    /// A claim that is a text or a list of texts; `None` where it is not there.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        Some(match self.all.get(name)? {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        })
    }

    /// What the same provider says of the same person elsewhere; what the token says stands.
    ///
    /// # Errors
    /// When it is of somebody else.
    pub(crate) fn complete(&mut self, more: Map<String, Value>) -> Result<(), TokenFault> {
        if text(&more, "sub") != Some(&self.subject) {
            return Err(TokenFault::Subject);
        }
        for (name, value) in more {
            self.all.entry(name).or_insert(value);
        }
        Ok(())
    }
}

fn check(all: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), TokenFault> {
    if text(all, "iss") != Some(expected.issuer) {
        return Err(TokenFault::Issuer);
    }
    let (is_for_us, is_for_others) = match all.get("aud") {
        Some(Value::String(one)) => (one == expected.client_id, false),
        Some(Value::Array(many)) => {
            (many.iter().any(|one| one == expected.client_id), many.len() > 1)
        }
        _ => (false, false),
    };
    let party = all.get("azp").map(|party| party == expected.client_id);
    // Where it is for others as well, it must say that we asked for it.
    if !is_for_us || party == Some(false) || (is_for_others && party.is_none()) {
        return Err(TokenFault::Audience);
    }
    let seconds = |name: &str| match all.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.as_i64().or_else(|| {
                // Fractions are allowed; what is cut off makes it stricter or less by a second.
                let seconds = number.as_f64().filter(|seconds| seconds.abs() < 1e15)?;
                Some(seconds.trunc() as i64)
            });
            whole.map(Some).ok_or(TokenFault::Time)
        }
        Some(_) => Err(TokenFault::Time),
    };
    let (until, since, made) = (seconds("exp")?, seconds("nbf")?, seconds("iat")?);
    let now = expected.now;
    let is_over = until.is_none_or(|until| now >= until.saturating_add(LEEWAY));
    let is_early = |from: Option<i64>| from.is_some_and(|from| now < from.saturating_sub(LEEWAY));
    if is_over || is_early(since) || is_early(made) || made.is_none() {
        return Err(TokenFault::Time);
    }
    let nonce = text(all, "nonce").unwrap_or_default();
    let is_ours: bool = nonce.as_bytes().ct_eq(expected.nonce.as_bytes()).into();
    if !is_ours {
        return Err(TokenFault::Nonce);
    }
    Ok(())
}

fn text<'a>(all: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    all.get(name).and_then(Value::as_str)
}
