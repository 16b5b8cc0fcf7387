//! Tokens for programs: what they look like, and how they are known again without being kept.
//!
//! `arc_pat_`, `arc_sva_` or, for the keys of applications, `arc_key_`, 32 letters and digits of 160 random bits, and a checksum, by which
//! scanners for leaked secrets can tell one from a text that looks alike.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A person's.
    Personal,
    /// A service account's.
    ServiceAccount,
    /// An application's, which the gateway takes and this API does not.
    Application,
}

impl TokenKind {
    /// What it begins with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "arc_pat_",
            Self::ServiceAccount => "arc_sva_",
            Self::Application => "arc_key_",
        }
    }
}

/// Crockford's base 32 in lower case: no letter that is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SECRET_BYTES: usize = 20;
const CHECK_CHARS: usize = 6;

/// A new token, to be shown once.
pub(crate) fn new_token(kind: TokenKind) -> Result<String, Unspecified> {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut bytes)?;
    let body = format!("{}{}", kind.prefix(), base32(&bytes));
    let check = checksum(&body);
    Ok(body + &check)
}

/// Whether it looks like a token of ours, so that it is worth a look into the database.
pub(crate) fn is_token(text: &str) -> bool {
    let is_prefixed = [TokenKind::Personal, TokenKind::ServiceAccount]
        .iter()
        .any(|kind| text.starts_with(kind.prefix()));
    let length = TokenKind::Personal.prefix().len() + SECRET_BYTES * 8 / 5 + CHECK_CHARS;
    is_prefixed
        && text.len() == length
        && text.is_ascii()
        && checksum(&text[..length - CHECK_CHARS]) == text[length - CHECK_CHARS..]
}

/// The last four letters, by which its owner knows it again.
pub(crate) fn last4(token: &str) -> &str {
    token.get(token.len().saturating_sub(4)..).unwrap_or_default()
}

/// What the database knows a secret by. One round is enough: the secrets are random and long.
pub(crate) fn sha256(secret: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret).as_ref());
    hash
}

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest as letters that go into a header.
pub(crate) fn sha256_text(text: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text))
}

/// `BYTES` random bytes as letters that go into a header.
pub(crate) fn random_text<const BYTES: usize>() -> Result<String, Unspecified> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn checksum(body: &str) -> String {
    let mut check = base32(&digest(&SHA256, body.as_bytes()).as_ref()[..5]);
    check.truncate(CHECK_CHARS);
    check
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut bits = [0; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(bits);
        for place in (0..8).rev() {
            let index = usize::try_from(bits >> (place * 5) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET[index]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_from_what_looks_like_one() {
        let token = new_token(TokenKind::Personal).unwrap();
        assert!(is_token(&token), "{token}");
        assert_eq!(token.len(), 46);
        assert!(is_token(&new_token(TokenKind::ServiceAccount).unwrap()));
        for place in [0, 9, 20, 40, 45] {
            let mut other = token.clone().into_bytes();
            other[place] = if other[place] == b'0' { b'1' } else { b'0' };
            assert!(!is_token(&String::from_utf8(other).unwrap()), "{place}");
        }
        for text in ["", "arc_pat_", &token[..45], "s3cret"] {
            assert!(!is_token(text), "{text}");
        }
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let kind = TokenKind::Personal;
        assert_ne!(new_token(kind).unwrap(), new_token(kind).unwrap());
    }
}
