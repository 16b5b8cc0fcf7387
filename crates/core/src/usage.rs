//! What the use of the gateway is told apart by, and what is added up of it: two closed lists, for
//! who counts, who keeps, who asks and who reads.

macro_rules! dimensions {
    ($($variant:ident = $word:literal, $about:literal;)+) => {
        /// What exchanges are told apart by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Dimension { $(#[doc = $about] $variant,)+ }

        impl Dimension {
            /// Every dimension, in the order in which they are kept.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The word in parameters, answers and columns.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it is, in one sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)+ }
            }
        }
    };
}

dimensions! {
    Service = "service", "The service that was called.";
    Version = "version", "The version of the service.";
    Route = "route", "The route that matched.";
    Operation = "operation", "What was asked for: an operation of the API's description, or `chat`, `embeddings` and the like.";
    Consumer = "consumer", "Who called, as a credential has proved it: a consumer or an application.";
    Application = "application", "Who called, where it is an application.";
    Plan = "plan", "The plan by which it was called.";
    Product = "product", "The product that the plan is of.";
    Team = "team", "The team of the application.";
    Model = "model", "The model that was asked for, where one was asked.";
    Deployment = "deployment", "The provider and its model that answered, or was asked last.";
    Provider = "provider", "The provider that answered, or was asked last.";
    Status = "status", "The status sent; `0` where none was.";
    Reason = "reason", "Why the gateway answered for itself, or cut an exchange short; empty where it did not.";
}

impl Dimension {
    /// The dimension of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word)
    }
}

macro_rules! amounts {
    ($($variant:ident = $word:literal, $about:literal;)+) => {
        /// What is added up of exchanges.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Amount { $(#[doc = $about] $variant,)+ }

        impl Amount {
            /// Every amount, in the order in which they are kept.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The word in parameters, answers and columns.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it is, in one sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)+ }
            }
        }
    };
}

amounts! {
    Requests = "requests", "Exchanges that ended.";
    Errors = "errors", "Those that were answered with a status of 400 and above, or that the gateway cut short.";
    Attempts = "attempts", "Attempts at endpoints and models.";
    BytesIn = "bytes_in", "Bytes of request bodies.";
    BytesOut = "bytes_out", "Bytes of response bodies.";
    LatencyUs = "latency_us", "Microseconds from the first byte of a request to the last of its response, all together.";
    FirstTokens = "first_tokens", "Streams of models that had a first token.";
    FirstTokenUs = "first_token_us", "Microseconds until then, all together.";
    TokensInput = "tokens_input", "Tokens of prompts.";
    TokensCacheRead = "tokens_cache_read", "Tokens that a provider had in its cache.";
    TokensCacheWrite = "tokens_cache_write", "Tokens that a provider put into its cache.";
    TokensCacheWrite1h = "tokens_cache_write_1h", "Tokens that a provider put there for an hour.";
    TokensInputAudio = "tokens_input_audio", "Tokens of sound that went in.";
    TokensInputImage = "tokens_input_image", "Tokens of images that went in.";
    TokensOutput = "tokens_output", "Tokens of answers.";
    TokensReasoning = "tokens_reasoning", "Tokens of reasoning.";
    TokensOutputAudio = "tokens_output_audio", "Tokens of sound that came out.";
    TokensOutputImage = "tokens_output_image", "Tokens of images that came out.";
    CostNanoUsd = "cost_nano_usd", "What it cost, in billionths of a US dollar.";
}

impl Amount {
    /// The amount of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word)
    }

    /// Tokens by class, in the order in which they are counted everywhere; no token is in two.
    pub const TOKENS: [Self; 10] = [
        Self::TokensInput,
        Self::TokensCacheRead,
        Self::TokensCacheWrite,
        Self::TokensCacheWrite1h,
        Self::TokensInputAudio,
        Self::TokensInputImage,
        Self::TokensOutput,
        Self::TokensReasoning,
        Self::TokensOutputAudio,
        Self::TokensOutputImage,
    ];
}

/// What takes time, and is therefore kept as a sketch beside the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// From the first byte of a request to the last of its response.
    Latency,
    /// From a request sent to a provider to the first token of its stream.
    FirstToken,
}

impl Span {
    /// Every span, in the order in which they are kept.
    pub const ALL: &'static [Self] = &[Self::Latency, Self::FirstToken];

    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The word in parameters and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::FirstToken => "first_token",
        }
    }
}

/// The lengths of time that use is added up over, in seconds: a minute, an hour, a day.
pub const STEPS: [i64; 3] = [60, 3_600, 86_400];

/// Sums that tell little apart, beside those that tell everything apart: what is asked over long
/// times. Their cells are like all others, under a step of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coarse {
    /// What stands in the place of their step; no length of other cells.
    pub mark: i64,
    /// Seconds that a cell is over.
    pub step: i64,
    /// Whether services are told apart; classes of statuses always are.
    pub by_service: bool,
}

/// All of them. Of services there are no days: those are few enough as they are.
pub const COARSE: [Coarse; 3] = [
    Coarse { mark: STEPS[1] + 1, step: STEPS[1], by_service: false },
    Coarse { mark: STEPS[2] + 1, step: STEPS[2], by_service: false },
    Coarse { mark: STEPS[1] + 2, step: STEPS[1], by_service: true },
];

impl Coarse {
    /// What a dimension is in them, where it is `text` in an exchange.
    #[must_use]
    pub fn text(self, dimension: Dimension, text: &str) -> String {
        match dimension {
            Dimension::Service if self.by_service => text.to_owned(),
            // As any status of the class, but that there is none like it.
            Dimension::Status => format!("{}xx", text.get(..1).unwrap_or_default()),
            _ => String::new(),
        }
    }
}

/// What stands for names of which there were too many to be told apart.
pub const OTHERS: &str = "(others)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_for_one_thing() {
        let dimensions = Dimension::ALL.iter().map(|one| one.as_str());
        let mut words: Vec<_> =
            dimensions.chain(Amount::ALL.iter().map(|one| one.as_str())).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        for one in Dimension::ALL {
            assert_eq!(Dimension::of(one.as_str()), Some(*one));
        }
        for (place, one) in Amount::ALL.iter().enumerate() {
            assert_eq!((Amount::of(one.as_str()), *one as usize), (Some(*one), place));
        }
    }
}
