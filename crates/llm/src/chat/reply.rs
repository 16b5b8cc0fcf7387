//! A whole reply.

use super::{Json, Part, Text, Usage};
use crate::json::Number;

/// A reply to a chat request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatReply<'a> {
    /// Its id at the provider; none where it gives none.
    pub id: Option<Text<'a>>,
    /// The model that answered, as the provider names it.
    pub model: Option<Text<'a>>,
    /// When it was made, in seconds since 1970.
    pub created_s: Option<u64>,
    /// The answers, by their index.
    pub choices: Vec<Choice<'a>>,
    /// What it used; none where the provider does not say.
    pub usage: Option<Usage>,
    /// The class of service that it had.
    pub service_class: Option<Text<'a>>,
    /// What identifies the provider's configuration.
    pub fingerprint: Option<Text<'a>>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice<'a> {
    /// What it says.
    pub parts: Vec<Part<'a>>,
    /// Why it ended; none where the provider does not say.
    pub finish: Option<Finish>,
    /// The stop text that ended it.
    pub stop_text: Option<Text<'a>>,
    /// Log probabilities of its tokens.
    pub logprobs: Option<Vec<TokenLogprob<'a>>>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finish {
    /// It is complete.
    Stop,
    /// A stop text came.
    StopText,
    /// The limit of the output was reached.
    Length,
    /// The context is full.
    ContextFull,
    /// Tools are to be called.
    ToolCalls,
    /// A filter cut it.
    Filtered,
    /// The model refused.
    Refusal,
    /// It is to be gone on with by another request.
    Paused,
    /// It failed.
    Failed,
}

/// How likely a token was.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob<'a> {
    /// The token's text.
    pub token: Text<'a>,
    /// Its log probability.
    pub logprob: Number<'a>,
    /// Its bytes, an array of numbers.
    pub bytes: Option<Json<'a>>,
    /// The likeliest tokens in its place.
    pub top: Vec<TokenLogprob<'a>>,
}
