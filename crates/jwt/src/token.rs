//! A token taken apart, and its signature.
//!
//! Which algorithm is used is never the token's choice alone: a key is good for the algorithms of its
//! own kind, and for one of them where it says so. Secrets that both sides share are no keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::Keys;
use crate::keys::Algorithm;

/// A token taken apart; nothing of it is believed yet.
#[derive(Debug)]
pub struct SignedToken<'t> {
    message: &'t [u8],
    header: Map<String, Value>,
    /// What it says.
    pub claims: Map<String, Value>,
    signature: Vec<u8>,
}

/// What became of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// One of the keys made it.
    Right,
    /// None of them did.
    Wrong,
    /// There is no key of that name or kind; there may be one by now.
    NoKey,
    /// It is not signed, or in a way that is not taken, or asks for more than is known here.
    NotTaken,
}

impl<'t> SignedToken<'t> {
    /// Takes a token apart: three parts in base64url, the first two of them objects in JSON.
    /// `None` where it is none, or longer than `bytes_max`.
    #[must_use]
    pub fn read(token: &'t str, bytes_max: usize) -> Option<Self> {
        if token.len() > bytes_max {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let object = |text: &str| match serde_json::from_slice(&decoded(text)?).ok()? {
            Value::Object(object) => Some(object),
            _ => None,
        };
        Some(Self {
            message: message.as_bytes(),
            header: object(header)?,
            claims: object(claims)?,
            signature: decoded(signature)?,
        })
    }

    /// Checks its signature by the key that it names; where it names none, by each that fits.
    #[must_use]
    pub fn check(&self, keys: &Keys) -> Signature {
        let word = self.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        // `crit` lists extensions that must be understood (RFC 7515 §4.1.11): none are.
        match Algorithm::of(word) {
            Some(algorithm) if !self.header.contains_key("crit") => {
                let id = self.header.get("kid").and_then(Value::as_str);
                keys.check(id, algorithm, self.message, &self.signature)
            }
            _ => Signature::NotTaken,
        }
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}
