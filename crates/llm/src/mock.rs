//! What the mock provider says: a reply to any chat request, made by rules that a reader can tell
//! beforehand. For the quick start, for users' own load tests, for trying out failures.
//!
//! It is no model of a model: the same request has the same reply, and nothing of an earlier one is
//! remembered. It knows no dialect, clock or socket: it takes a request in the form of [`chat`] and
//! gives a reply in it, whole or as steps with the time that each has to wait.
//!
//! | model | what it says |
//! | --- | --- |
//! | `echo` | the last words of the user again |
//! | `fixed` | the words of the settings |
//! | `tools` | a call of the first tool, of all where the user's text says "parallel"; what they answered |
//! | `reasoning` | a thought with its signature, then the words of the settings |
//! | `embed` | vectors |
//!
//! Beside chat it has vectors, rankings (documents that share words with the question come first),
//! judgements (a text is flagged for each category that it names), images (small, in a colour of the
//! prompt's own) and sound (a tone as long as the text, in MP3 silence of that length); a legacy
//! completion is made of chat.
//!
//! All of them call a tool where the request demands it, keep to a schema, to limits and to stop
//! texts, and refuse what providers refuse.
//!
//! [`chat`]: crate::chat

mod answer;
mod beside;
mod check;
mod draw;
mod embed;
mod failure;
mod logprob;
mod mp3;
mod sample;
mod step;
mod token;
mod usage;
mod words;

use std::time::Duration;

use crate::chat::{ChatError, ChatReply, ChatRequest};
use crate::dialect::{Context, Dialect};

pub use beside::{MockAnswer, draw, moderate, rank, speak};
pub use embed::{EMBED_DIMENSIONS, embed};
pub use failure::MockFailure;
pub use step::{Step, Steps};

/// The settings of a mock provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Mock {
    /// The words that it answers with, where its model does not say.
    pub reply: MockReply,
    /// How long the first token takes.
    pub first_token: Duration,
    /// How many tokens come in a second after it; 0: all at once.
    pub tokens_per_second: u32,
    /// How many requests of a hundred fail.
    pub fail_percent: f64,
    /// The status that they fail with.
    pub fail_status: u16,
}

/// Words of a mock provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MockReply {
    /// What the user said last.
    Echo,
    /// Always the same.
    Fixed(String),
    /// One for each turn of a conversation, from the first again after the last.
    Script(Vec<String>),
}

impl Default for Mock {
    fn default() -> Self {
        Self {
            reply: MockReply::Echo,
            first_token: Duration::ZERO,
            tokens_per_second: 0,
            fail_percent: 0.0,
            fail_status: 529,
        }
    }
}

impl Mock {
    /// The models that there are.
    pub const MODELS: [&str; 5] = ["echo", "fixed", "tools", "reasoning", "embed"];

    /// The failure that a request is to have, by how many came before it; the share of those that
    /// fail is kept evenly, not by chance.
    #[must_use]
    pub fn failure(&self, number: u64) -> Option<MockFailure> {
        MockFailure::of(self, number)
    }

    /// The reply to a request that came in that dialect. Ids of calls are made from the context.
    ///
    /// # Errors
    /// What a provider would refuse: a model that there is not, a conversation without a message,
    /// results of calls that nobody made.
    pub fn reply(
        &self,
        request: &ChatRequest<'_>,
        dialect: Dialect,
        context: &Context,
    ) -> Result<ChatReply<'static>, ChatError> {
        answer::reply(self, request, dialect, context)
    }

    /// How long a reply takes as a whole.
    #[must_use]
    pub fn whole_after(&self, reply: &ChatReply<'_>) -> Duration {
        let tokens = reply.usage.map_or(0, |usage| usage.output_total());
        let tokens = u32::try_from(tokens.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first_token + self.each_token() * tokens
    }

    /// The reply as a stream, a token at a time.
    #[must_use]
    pub fn steps(&self, reply: &ChatReply<'_>) -> Steps {
        Steps::new(reply, self.first_token, self.each_token())
    }

    fn each_token(&self) -> Duration {
        Duration::from_secs(1).checked_div(self.tokens_per_second).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
