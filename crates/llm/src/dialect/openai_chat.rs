//! OpenAI Chat Completions: the dialect that most others are measured by, and that most providers
//! speak beside their own.
//!
//! Where compatible providers have agreed on a field that OpenAI does not have (`reasoning_content`,
//! `reasoning_details`, `cache_control`), readers take it, and replies have it for clients that
//! know it; requests have it only by quirk.

pub(super) mod error;
mod reasoning;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod says;
pub(super) mod stream;
mod tool_call;
pub(super) mod usage;
pub(super) mod wire;

#[cfg(test)]
mod tests;
