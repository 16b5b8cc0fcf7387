//! How a provider differs from whose dialect it speaks: data of the provider catalogue, read by
//! writers.
//!
//! A quirk is a claim about requests that the dialect's own provider would take otherwise. By
//! default none holds.

use std::borrow::Cow;

use crate::chat::Sampling;
use crate::field::{Field, FieldSet};
use crate::scan::Watched;

/// What a provider takes that the dialect's own one does not, and the other way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It knows the limit of the output by its older name only (`max_tokens` in OpenAI Chat).
    pub tokens_max_older: bool,
    /// It refuses that limit under its older name (OpenAI's models that reason).
    pub tokens_max_newer: bool,
    /// Its models draw tokens as they will, and refuse to be told how (Claude from Opus 4.7 on,
    /// OpenAI's first ones that reason).
    pub lacks_sampling: bool,
    /// Its models refuse to be told a temperature and `top_p` at once (Claude from Opus 4.1 on).
    pub lacks_sampling_by_both: bool,
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
    /// It refuses ids of calls, and finds results by name and order (Vertex).
    pub lacks_call_ids: bool,
    /// It takes ids of calls of nine letters and digits, and no others (Mistral).
    pub call_ids_of_nine: bool,
    /// It does not know the role `developer`.
    pub lacks_developer_role: bool,
    /// It refuses `stream_options`, and says unasked what was used (Mistral, Cohere).
    pub lacks_stream_options: bool,
    /// It has no legacy completions for its models, but chat (OpenAI's newer ones).
    pub lacks_completions: bool,
}

/// The options by which tokens are drawn, as the scan finds them and as losses name them.
const SAMPLING: [(Watched, Field); 5] = [
    (Watched::Temperature, Field::Temperature),
    (Watched::TopP, Field::TopP),
    (Watched::TopK, Field::TopK),
    (Watched::FrequencyPenalty, Field::FrequencyPenalty),
    (Watched::PresencePenalty, Field::PresencePenalty),
];

/// Why options of sampling are dropped.
pub(super) const DRAWS_ITSELF: &str = "the model draws tokens as it will";

impl Quirks {
    /// Which options of sampling may not go along in a body that stays in its dialect, `says` being
    /// what it says. Between a temperature and `top_p`, the temperature goes.
    pub fn refused_sampling(
        &self,
        says: impl Fn(Watched) -> bool,
    ) -> impl Iterator<Item = (Watched, Field)> {
        let is_twice = self.lacks_sampling_by_both && says(Watched::Temperature);
        let refused = move |&(watched, _): &(Watched, Field)| {
            (self.lacks_sampling || (is_twice && watched == Watched::TopP)) && says(watched)
        };
        SAMPLING.into_iter().filter(refused)
    }

    /// Whether a model that draws tokens as it will refuses the field.
    pub(super) fn refuses(&self, field: Field) -> bool {
        use Field::{FrequencyPenalty, MinP, PresencePenalty, RepetitionPenalty};
        use Field::{Temperature, TopK, TopP};
        let is_sampling = matches!(
            field,
            Temperature
                | TopP
                | TopK
                | MinP
                | FrequencyPenalty
                | PresencePenalty
                | RepetitionPenalty
        );
        self.lacks_sampling && is_sampling
    }

    /// The options of sampling that go along in a body that is written.
    pub(super) fn sampling<'s, 'a>(&self, sampling: &'s Sampling<'a>) -> Cow<'s, Sampling<'a>> {
        if self.lacks_sampling {
            let Sampling { seed, logit_bias, .. } = sampling.clone();
            return Cow::Owned(Sampling { seed, logit_bias, ..Sampling::default() });
        }
        if self.drops_top_p(sampling) {
            return Cow::Owned(Sampling { top_p: None, ..sampling.clone() });
        }
        Cow::Borrowed(sampling)
    }

    /// What [`Self::sampling`] leaves out for what else is said.
    pub(super) fn dropped_beside(&self, sampling: &Sampling<'_>) -> FieldSet<Field> {
        let mut dropped = FieldSet::default();
        dropped.add_if(Field::TopP, self.drops_top_p(sampling));
        dropped
    }

    const fn drops_top_p(&self, sampling: &Sampling<'_>) -> bool {
        self.lacks_sampling_by_both && sampling.temperature.is_some() && sampling.top_p.is_some()
    }
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
    tokens_max_newer
    lacks_sampling
    lacks_sampling_by_both
    takes_more_sampling
    takes_reasoning
    reasoning_by_effort
    takes_claude_fields
    lacks_media_in_results
    lacks_call_ids
    call_ids_of_nine
    lacks_developer_role
    lacks_stream_options
    lacks_completions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChatRequest;
    use crate::dialect::{Address, Dialect};

    const BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":9,
        "temperature":0.5,"top_p":0.9,"frequency_penalty":0.1,"presence_penalty":0.2,"seed":7}"#;

    fn request() -> ChatRequest<'static> {
        Dialect::OpenaiChat.read_request(BODY, &Address::default()).unwrap().0
    }

    /// The body in a dialect, and the names of what it lacks.
    fn written(dialect: Dialect, quirks: &Quirks) -> (String, String) {
        let mut body = Vec::new();
        let losses = dialect.write_request(&request(), quirks, &mut body).unwrap();
        (String::from_utf8(body).unwrap(), losses.header().unwrap_or_default())
    }

    #[test]
    fn who_draws_tokens_itself_is_not_told_how_and_that_is_told() {
        let quirks = Quirks { lacks_sampling: true, ..Quirks::default() };
        for dialect in [
            Dialect::AnthropicMessages,
            Dialect::BedrockConverse,
            Dialect::OpenaiChat,
            Dialect::OpenaiResponses,
        ] {
            let (body, dropped) = written(dialect, &quirks);
            for word in ["temperature", "top", "penalty"] {
                assert!(!body.contains(word), "{body}");
            }
            for name in ["temperature", "top_p", "frequency_penalty", "presence_penalty"] {
                assert!(dropped.contains(name), "{}: {dropped}", dialect.name());
            }
            let (body, _) = written(dialect, &Quirks::default());
            assert!(body.contains("0.5") && body.contains("0.9"), "{body}");
        }
        assert!(written(Dialect::OpenaiChat, &quirks).0.contains(r#""seed":7"#));
    }

    #[test]
    fn of_a_temperature_and_top_p_the_temperature_goes_where_one_alone_is_taken() {
        let quirks = Quirks { lacks_sampling_by_both: true, ..Quirks::default() };
        let (body, dropped) = written(Dialect::AnthropicMessages, &quirks);
        assert!(body.contains(r#""temperature":0.5"#) && !body.contains("top_p"), "{body}");
        assert!(dropped.contains("top_p") && !dropped.contains("temperature"), "{dropped}");

        let refused = |said: &'static [Watched]| -> Vec<_> {
            quirks
                .refused_sampling(move |one| said.contains(&one))
                .map(|(_, field)| field)
                .collect()
        };
        assert_eq!(refused(&[Watched::Temperature, Watched::TopP]), [Field::TopP]);
        assert_eq!(refused(&[Watched::TopP, Watched::TopK]), []);
    }
}
