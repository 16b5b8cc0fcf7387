//! Everything in a request beside the conversation and its tools.

use super::{CacheTime, Json, Maker, Text};
use crate::json::{Cursor, Kind, Number};

/// What the output shall be like.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Output<'a> {
    /// Tokens at most, reasoning included where the provider counts it so.
    pub tokens_max: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<Text<'a>>,
    /// Its format; none: text.
    pub format: Option<OutputFormat<'a>>,
    /// How many answers are wanted; none: one.
    pub choices: Option<u64>,
    /// Whether log probabilities of the tokens are wanted.
    pub logprobs: bool,
    /// How many of the likeliest tokens at each place.
    pub logprobs_top: Option<u64>,
    /// How wordy: `low`, `medium`, `high`.
    pub verbosity: Option<Text<'a>>,
    /// Sound as output.
    pub audio: Option<AudioOutput<'a>>,
    /// Whether images may be part of the output.
    pub images: bool,
    /// Text that the output will probably repeat, in OpenAI's form.
    pub prediction: Option<Json<'a>>,
}

/// The format of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputFormat<'a> {
    /// Text.
    Text,
    /// Any JSON object.
    Json,
    /// JSON by a schema.
    Schema {
        /// Its name, which some dialects want.
        name: Option<Text<'a>>,
        /// What it is for.
        description: Option<Text<'a>>,
        /// The schema.
        schema: Json<'a>,
        /// Whether the model is held to it; none: as the provider does.
        strict: Option<bool>,
    },
}

/// Sound as output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioOutput<'a> {
    /// The voice.
    pub voice: Option<Text<'a>>,
    /// The format: `wav`, `mp3`, `pcm16`.
    pub format: Option<Text<'a>>,
}

/// How tokens are drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling<'a> {
    /// Temperature.
    pub temperature: Option<Number<'a>>,
    /// Share of probability to draw from.
    pub top_p: Option<Number<'a>>,
    /// How many of the likeliest tokens to draw from.
    pub top_k: Option<Number<'a>>,
    /// Least probability relative to the likeliest.
    pub min_p: Option<Number<'a>>,
    /// Penalty by how often a token was used.
    pub frequency_penalty: Option<Number<'a>>,
    /// Penalty for having been used.
    pub presence_penalty: Option<Number<'a>>,
    /// Penalty by factor, as self-hosted engines have it.
    pub repetition_penalty: Option<Number<'a>>,
    /// Seed.
    pub seed: Option<Number<'a>>,
    /// Bias of single tokens, in OpenAI's form.
    pub logit_bias: Option<Json<'a>>,
}

/// How much the model reasons before it answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReasoningOptions {
    /// In words.
    pub effort: Option<Effort>,
    /// In tokens at most; 0: not at all.
    pub tokens_max: Option<u64>,
    /// The model decides itself how much (Anthropic's `adaptive`, Gemini's budget -1).
    pub is_adaptive: bool,
    /// What of it is shown; none: as the provider does.
    pub shown: Option<ReasoningShown>,
}

impl ReasoningOptions {
    /// Whether reasoning is asked for.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        let Self { effort, tokens_max, is_adaptive, shown: _ } = *self;
        let by_words = effort.is_some_and(|effort| effort > Effort::None);
        by_words || is_adaptive || (effort.is_none() && tokens_max.is_some_and(|most| most > 0))
    }
}

/// How much effort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// No reasoning.
    None,
    /// Hardly any.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    ExtraHigh,
    /// All there is.
    Max,
}

/// What of the reasoning is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningShown {
    /// Nothing.
    Hidden,
    /// A summary, or the thoughts where the provider shows them.
    Auto,
    /// A short summary.
    Concise,
    /// A long summary.
    Detailed,
}

/// Use of the provider's prompt cache as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caching<'a> {
    /// The provider shall choose what to keep, and how long.
    pub automatic: Option<super::CacheMark>,
    /// Requests with the same key are kept together.
    pub key: Option<Text<'a>>,
    /// How long what is kept is kept, in OpenAI's words (`in_memory`, `24h`).
    pub retention: Option<Text<'a>>,
    /// The name of content that was put into the cache before (Gemini).
    pub content: Option<Text<'a>>,
}

/// For whom and on what terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account<'a> {
    /// Who the end user is, opaque.
    pub user: Option<Text<'a>>,
    /// The caller's own notes, a flat object of strings.
    pub metadata: Option<Json<'a>>,
    /// The class of service: `auto`, `default`, `flex`, `priority`, …
    pub service_class: Option<Text<'a>>,
    /// Whether the provider shall keep the answer.
    pub store: Option<bool>,
    /// The id of an earlier answer at the provider, which this one goes on from.
    pub previous_reply: Option<Text<'a>>,
    /// The conversation at the provider that this belongs to, by its id or in OpenAI's form.
    pub conversation: Option<Json<'a>>,
    /// A prompt that is kept at the provider, in OpenAI's form.
    pub prompt: Option<Json<'a>>,
    /// Whether the answer is to be made later and fetched by its id.
    pub is_background: bool,
    /// What the provider's own filters shall do, in its own form.
    pub safety: Option<super::ProviderOnly<'a>>,
    /// Options that only one provider understands, and without which the answer would be another.
    pub own: Vec<super::ProviderOnly<'a>>,
}

impl<'a> Account<'a> {
    /// Whether all that is said of the provider's filters is that they are off.
    #[must_use]
    pub fn are_filters_off(&self) -> bool {
        const OFF: [&str; 3] = ["OFF", "BLOCK_NONE", "NONE"];
        let Some(safety) = &self.safety else { return false };
        let mut cursor = Cursor::new(safety.json.as_str());
        let mut is_off = true;
        let read = match cursor.kind() {
            Kind::Text => cursor.text().map(|word| is_off = OFF.contains(&word.as_ref())),
            _ => cursor
                .list(|cursor| {
                    cursor.object(|cursor, name| match (name, cursor.kind()) {
                        ("threshold", Kind::Text) => {
                            cursor.text().map(|word| is_off &= OFF.contains(&word.as_ref()))
                        }
                        _ => cursor.skip(),
                    })
                })
                .map(drop),
        };
        read.is_ok() && is_off
    }

    /// Notes an option that only one provider understands; an empty one says nothing.
    pub(crate) fn add_own(&mut self, maker: Maker, kind: &'static str, json: Json<'a>) {
        if !matches!(json.as_str(), "null" | "[]" | "{}") {
            self.own.push(super::ProviderOnly { maker, kind: Text::Borrowed(kind), json });
        }
    }
}

impl CacheTime {
    /// The time in the words of Anthropic and Bedrock.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minutes5 => "5m",
            Self::Hour1 => "1h",
        }
    }

    /// The time that those words mean.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "5m" => Some(Self::Minutes5),
            "1h" => Some(Self::Hour1),
            _ => None,
        }
    }
}

impl Effort {
    /// The effort in the words of OpenAI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::ExtraHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort that those words mean.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::None,
            Self::Minimal,
            Self::Low,
            Self::Medium,
            Self::High,
            Self::ExtraHigh,
            Self::Max,
        ];
        all.into_iter().find(|effort| effort.as_str() == text)
    }

    /// Tokens that stand for the effort where a dialect counts them. The steps are those that the
    /// providers' own compatible interfaces use (1,024 to 24,576); nothing is exact about them.
    #[must_use]
    pub fn tokens(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal | Self::Low => 1_024,
            Self::Medium => 8_192,
            Self::High => 24_576,
            Self::ExtraHigh | Self::Max => 32_768,
        }
    }

    /// The effort that stands for a number of tokens where a dialect has words.
    #[must_use]
    pub fn of_tokens(tokens: u64) -> Self {
        match tokens {
            0 => Self::None,
            1..=2_048 => Self::Low,
            2_049..=12_288 => Self::Medium,
            12_289..=28_672 => Self::High,
            _ => Self::ExtraHigh,
        }
    }
}
