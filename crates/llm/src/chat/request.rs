//! A request for chat, as a whole.
//!
//! Its groups are those that writers treat together; each writer takes every group apart without
//! `..`, so that a new field is a compile error wherever it is not thought of.

use super::{Account, Caching, Message, Output, ReasoningOptions, Sampling, Text, Tooling};

/// A request for chat.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatRequest<'a> {
    /// The model asked for, wherever the dialect puts it; empty where it is not said.
    pub model: Text<'a>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the stream is to end with usage. Dialects that always do leave it `true`.
    pub stream_usage: bool,
    /// The conversation, system text included where it stands.
    pub messages: Vec<Message<'a>>,
    /// Tools and how they may be used.
    pub tooling: Tooling<'a>,
    /// What the output shall be like, and how long.
    pub output: Output<'a>,
    /// How tokens are drawn.
    pub sampling: Sampling<'a>,
    /// How much the model reasons before it answers.
    pub reasoning: ReasoningOptions,
    /// Use of the provider's prompt cache as a whole; marks stand at parts.
    pub caching: Caching<'a>,
    /// For whom and on what terms.
    pub account: Account<'a>,
}
