//! Between the eras: a modern client in front of a legacy server, and the other way round.
//!
//! - [`fate`]: what becomes of each method in either direction, which is also the page of the docs.
//! - [`requests`]: what clients ask, in the other era's words.
//! - [`answers`]: what servers answer.
//! - [`questions`]: what servers ask of clients: requests of their own in the legacy era, a result
//!   that says `input_required` in the modern one.
//! - [`changes`]: what is told of changes: subscriptions and a stream that is held, or one call that
//!   listens.
//!
//! All of it is pure; who holds sessions and streams is `proxy`.

pub mod answers;
pub mod changes;
pub mod fate;
pub mod questions;
pub mod requests;

#[cfg(test)]
mod tests;
