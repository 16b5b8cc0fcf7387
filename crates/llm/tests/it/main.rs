//! Dialects held to each other and to their tables, over fixtures of our own words.
//!
//! Everything here runs over [`Dialect::ALL`]: a new dialect only brings its fixtures.

#![expect(clippy::unwrap_used, reason = "what cannot go on has failed")]

mod embeddings;
mod fixtures;
mod golden;
mod rankings;
mod replies;
mod requests;
mod streams;
