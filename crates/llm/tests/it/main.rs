//! Dialects held to each other and to their tables, over fixtures of our own words.
//!
//! Everything here runs over [`Dialect::ALL`]: a new dialect only brings its fixtures.

#![expect(clippy::unwrap_used, reason = "what cannot go on has failed")]

mod any_bytes;
mod corpus;
mod embeddings;
mod fixtures;
mod golden;
mod rankings;
mod replies;
mod requests;
mod streams;
mod talks;
mod values;
mod without;

#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../../fuzz/src/llm.rs"]
mod llm;
#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../../fuzz/src/llm_beside.rs"]
mod llm_beside;
#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../../fuzz/src/llm_talk.rs"]
mod llm_talk;
#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../../fuzz/src/llm_text.rs"]
mod llm_text;
