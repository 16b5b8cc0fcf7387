//! OpenID Connect, the side of who relies on it: what an identity provider says of itself, the keys
//! that it signs with, and whether a token of it may be believed.
//!
//! Nothing here opens a socket or knows of users. Who is let in is decided in `usecase/sign_in.rs`.
//! Signatures are checked by `ring`, which is here already; the rest of a token's checks is this
//! folder's ([ADR 21](../../../docs/adr/0021-sign-in-by-openid-connect.md)).

mod description;
mod id_token;
mod issuers;
mod url;

pub(crate) use description::Description;
pub(crate) use id_token::{Claims, Expected, TokenFault};
pub(crate) use issuers::{Issuers, Unavailable};
pub(crate) use url::{basic, form, with_query};

#[cfg(test)]
mod tests;
