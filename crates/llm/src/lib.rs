//! Chat in every dialect: bytes in, bytes out; no sockets, no clock.
//!
//! # What is here
//!
//! - [`chat`]: the form in the middle, what all dialects say said once.
//! - [`dialect`]: a folder for each dialect, all with the same files; the enum that hands on to them.
//! - [`field`]: what of the form each dialect can say; nothing is lost in silence.
//! - [`translate`]: requests, replies, streams and errors from one dialect to another.
//! - [`scan`]: one look at a request's body as it arrives, and edits to it that leave the rest as
//!   it came. All traffic goes through it; where both sides speak the same dialect, nothing else.
//! - [`pass`]: watching a reply of the same dialect for what was used.
//! - [`frame`]: streams cut into events, and events put into streams.
//! - [`json`]: the reader and writer of JSON under all of it, which are those of `wire`.
//! - [`multipart`]: the same look at forms of many parts.
//! - [`surface`]: which operation a path asks for, chat or another, and in whose words.
//! - [`batch`]: the file of a batch, with a request in each line.
//! - [`beside`]: a request that is no chat made ready for a provider, and its answer for the client.
//! - [`completion`]: legacy completions, made of chat where a provider has nothing else.
//! - [`embedding`]: vectors of texts, asked for and answered in all families' words.
//! - [`rerank`]: documents ranked by a question.
//! - [`token_count`]: how many tokens a prompt has, told in each family's words.
//! - [`model_list`]: which models there are, as each family lists them.
//! - [`matrix`]: the page of the docs that says what becomes of each field in each pair.
//! - [`catalog`]: providers and models, with what they cost.
//! - [`auth`]: how a request shows a provider its credential.
//! - [`signal`]: what a provider's answer says of whom it asks to wait, and what is left of its limits.
//! - [`talk`]: what passes over a WebSocket, heard for when a model answers and what that used.
//! - [`mock`]: what the mock provider says.
//! - [`estimate`], [`used`] and [`cost`]: tokens before anybody has counted, what was used, money.
//!
//! # A dialect
//!
//! A dialect is a folder in `dialect/` and a line in `dialect.rs`. Each folder has:
//!
//! | file | what |
//! | --- | --- |
//! | `wire.rs` | names of fields, `WATCH`, `FRAMING`, `USAGE_MARK`, `END_MARKS`, `CALL_IDS`, `address`, `path`; words that both directions map |
//! | `says.rs` | what it makes of every field of a request and of a reply |
//! | `request/read.rs`, `request/write.rs` | a request to the form and back |
//! | `reply/read.rs`, `reply/write.rs` | a whole reply to the form and back |
//! | `stream/read.rs`, `stream/write.rs` | events to the form's events and back; usage of an event |
//! | `error.rs` | errors to the form and back |
//!
//! Readers match on field names and call [`json::Cursor::unknown`] for all they do not know.
//! Writers take each group of the form apart without `..`. `says.rs` is held to both by tests: a
//! field that it claims to carry must come back when a request is written and read again.
//! The neighbours to read first are `openai_chat` and `anthropic_messages`.

pub mod auth;
pub mod batch;
pub mod beside;
pub mod call;
pub mod catalog;
pub mod chat;
pub mod completion;
pub mod cost;
pub mod dialect;
pub mod embedding;
pub mod estimate;
pub mod failure;
pub mod field;
pub mod frame;
pub mod hush;
pub mod matrix;
pub mod mock;
pub mod model_list;
pub mod multipart;
pub mod pass;
pub mod rerank;
pub mod scan;
mod search_count;
mod segment;
pub mod signal;
pub mod surface;
pub mod talk;
mod time;
pub mod token_count;
pub mod translate;
pub mod used;

pub use architrave_wire::json;
