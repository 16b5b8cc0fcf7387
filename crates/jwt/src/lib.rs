//! Floor 2: signed tokens (JWT, RFC 7519) and the public keys by which they are checked. For whoever
//! believes an issuer: plans whose callers show tokens, and people who sign in elsewhere.
//!
//! Pure: bytes in, facts out. What a token must say beside being signed is for who asked for it.

mod keys;
mod token;

pub use keys::Keys;
pub use token::{Signature, SignedToken};
