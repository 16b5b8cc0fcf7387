//! What is known of a request before it is sent: how large it is, how large its answer may be, and
//! what that costs.

use architrave_llm::chat::{ServiceClass, Usage};
use architrave_llm::cost::Prices;
use architrave_llm::used::Charge;

use super::Unit;
use super::line::Line;

/// The output that is reserved where the client states no limit.
pub const OUTPUT_TOKENS_DEFAULT: u64 = 4_096;

/// The limit of the output is never lowered below this: OpenAI refuses less, and an answer of a few
/// tokens is of no use to anybody. A client may ask for less itself.
pub const OUTPUT_TOKENS_MIN: u64 = 16;

/// A request that wants to be paid for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The prompt, as estimated.
    pub prompt_tokens: u64,
    /// The limit of the output that the body states; `Some(0)` where there is no output, as of
    /// embeddings.
    pub output_tokens_max: Option<u64>,
    /// The most that the model can answer; `None` where nobody knows. It matters only where the
    /// body states no limit.
    pub output_tokens_possible: Option<u64>,
    /// How many answers are wanted; each may be as long as the limit says.
    pub choices: u64,
    /// Whether sound or images go in or out, or prompts are kept in the cache for an hour: then
    /// their prices count, too.
    pub has_media: bool,
    /// How many requests it is charged as; not every one is one.
    pub requests: u64,
    /// What it costs beside tokens: characters and sound, and the images that are asked for.
    pub beside_tokens: Charge,
    /// Prices of the dearest deployment that it may go to.
    pub prices: &'a Prices,
    /// The class of service that it asks for.
    pub service: Option<ServiceClass>,
}

impl Ask<'_> {
    /// What is reserved for it where there is enough, in nano-USD: by this deployments are
    /// compared.
    #[must_use]
    pub fn nano_usd(&self) -> u64 {
        Line::of_money(self).amount(self.output_tokens_max.unwrap_or(OUTPUT_TOKENS_DEFAULT))
    }
}

/// What a request used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Prompt and answer, of all classes.
    pub tokens: u64,
    /// What it cost.
    pub nano_usd: u64,
}

impl Spent {
    /// What the provider said was used, and what that costs.
    #[must_use]
    pub fn new(usage: &Usage, nano_usd: u64) -> Self {
        Self { tokens: usage.total(), nano_usd }
    }

    pub(super) const fn of(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Tokens => self.tokens,
            Unit::NanoUsd => self.nano_usd,
        }
    }
}
