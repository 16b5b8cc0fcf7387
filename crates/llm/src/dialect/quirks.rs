//! How a provider differs from whose dialect it speaks: data of the provider catalogue, read by
//! writers.
//!
//! A quirk is a claim about requests that the dialect's own provider would take otherwise. By
//! default none holds.

/// What a provider takes that the dialect's own one does not, and the other way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It knows the limit of the output by its older name only (`max_tokens` in OpenAI Chat).
    pub tokens_max_older: bool,
    /// It takes `top_k`, `min_p` and `repetition_penalty` (vLLM, SGLang, llama.cpp, OpenRouter, …).
    pub takes_more_sampling: bool,
    /// It wants the reasoning of earlier answers back (DeepSeek, OpenRouter, vLLM).
    pub takes_reasoning: bool,
    /// Its models take effort in words and choose their tokens themselves (Anthropic's newer ones).
    pub reasoning_by_effort: bool,
    /// Its models are Claude, which takes Anthropic's own fields beside the dialect's (Bedrock).
    pub takes_claude_fields: bool,
    /// Its models take no media within results of tools, but beside them (Gemini before 3).
    pub lacks_media_in_results: bool,
    /// It does not know the role `developer`.
    pub lacks_developer_role: bool,
    /// It refuses `stream_options`, and says unasked what was used (Mistral, Cohere).
    pub lacks_stream_options: bool,
    /// It has no legacy completions for its models, but chat (OpenAI's newer ones).
    pub lacks_completions: bool,
}

/// Declares the names of the quirks from the fields; the compiler holds the list to be complete.
macro_rules! named {
    ($($field:ident)*) => {
        impl Quirks {
            /// Their names in rows of the catalogue.
            pub const NAMES: [&'static str; [$(stringify!($field)),*].len()] =
                [$(stringify!($field)),*];

            /// The one of that name.
            pub fn named(&mut self, name: &str) -> Option<&mut bool> {
                let Self { $($field),* } = self;
                match name {
                    $(stringify!($field) => Some($field),)*
                    _ => None,
                }
            }
        }
    };
}

named! {
    tokens_max_older
    takes_more_sampling
    takes_reasoning
    reasoning_by_effort
    takes_claude_fields
    lacks_media_in_results
    lacks_developer_role
    lacks_stream_options
    lacks_completions
}
