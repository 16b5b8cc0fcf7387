//! What an exchange used, tokens or not, and what that costs.
//!
//! Chat uses tokens alone; sound and images are charged by seconds, characters, images and pixels
//! as well, rankings by search.

mod media;

use crate::catalog::{Model, Unit};
use crate::chat::Usage;
use crate::cost::Femtos;
use crate::surface::{Operation, Surface};
use crate::{embedding, rerank};

pub use media::of_request;

/// What an exchange used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// Tokens, where the provider says them.
    pub tokens: Option<Usage>,
    /// What beside tokens is charged for, as far as request and reply tell it.
    pub units: Vec<(Unit, u64)>,
    /// How many requests it is charged as, where that is not one.
    pub requests: Option<u64>,
}

impl From<Option<Usage>> for Used {
    fn from(tokens: Option<Usage>) -> Self {
        Self { tokens, ..Self::default() }
    }
}

impl Used {
    /// How many of a unit.
    #[must_use]
    pub fn count(&self, unit: Unit) -> u64 {
        let counts = self.units.iter().filter(|(one, _)| *one == unit).map(|(_, count)| *count);
        counts.fold(0, u64::saturating_add)
    }

    /// Adds units of a sort.
    pub fn add(&mut self, unit: Unit, count: u64) {
        if count > 0 {
            self.units.push((unit, count));
        }
    }

    /// Takes over what another part of the same exchange used.
    pub fn join(&mut self, other: Self) {
        let Self { tokens, units, requests } = other;
        if let Some(tokens) = tokens {
            self.tokens.get_or_insert_default().merge(&tokens);
        }
        self.units.extend(units);
        self.requests = self.requests.or(requests);
    }

    /// What it costs with a model, in nano-USD, rounded up once; nothing for what nobody knows the
    /// price of.
    #[must_use]
    pub fn cost_nano_usd(&self, model: &Model) -> u64 {
        let tokens = self.tokens.unwrap_or_default();
        let mut sum = 0u128;
        if let Some(prices) = &model.prices {
            sum = prices.tokens_femto_usd(&tokens);
            let requests = self.requests.unwrap_or(1);
            sum = sum.saturating_add(u128::from(prices.request.0) * u128::from(requests));
        }
        for (unit, Femtos(price)) in &model.units {
            sum = sum.saturating_add(u128::from(*price) * u128::from(self.count(*unit)));
        }
        crate::cost::nano_usd(sum)
    }
}

/// What a reply that is passed on says of what was used, or an event of its stream.
#[must_use]
pub fn of_reply(surface: Surface, body: &str) -> Used {
    match surface.operation() {
        Operation::Embedding | Operation::Invoke => {
            let wire = match surface {
                Surface::BedrockInvoke => Some(embedding::Wire::Titan),
                Surface::GeminiPredict => Some(embedding::Wire::Predict),
                surface => embedding::Wire::of(surface),
            };
            wire.and_then(|wire| embedding::usage_of_reply(wire, body.as_bytes())).into()
        }
        Operation::Rerank => rerank::used_of_reply(body.as_bytes()),
        Operation::ImageGeneration
        | Operation::ImageEdit
        | Operation::ImageVariation
        | Operation::Speech
        | Operation::Transcription
        | Operation::SpeechTranslation => media::of_reply(body),
        _ => surface.dialect().usage_of_event(body).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(words: &str) -> Model {
        Model::read("house/model", words).expect("the row is sound")
    }

    #[test]
    fn units_and_tokens_are_summed_before_they_are_rounded() {
        let model = model("image - - - input=5 image_out=0.0000000004 request=0.002");
        let mut used = Used::from(Some(Usage { input: 3, ..Usage::default() }));
        used.add(Unit::ImageOut, 2);
        // 15,000 for tokens, 0.8 for images, 2,000,000 for the request.
        assert_eq!(used.cost_nano_usd(&model), 2_015_001);
        used.add(Unit::SecondIn, 100);
        assert_eq!(used.cost_nano_usd(&model), 2_015_001);
    }

    fn reply(surface: Surface, body: &str) -> Used {
        of_reply(surface, body)
    }

    #[test]
    fn replies_say_what_was_used() {
        let transcript = Surface::OpenaiTranscription;
        let used = reply(transcript, r#"{"text":"a","usage":{"seconds":6,"type":"duration"}}"#);
        assert_eq!((used.count(Unit::SecondIn), used.tokens), (6, None));
        let used = reply(transcript, r#"{"duration":5.2,"text":"a","language":"en"}"#);
        assert_eq!(used.count(Unit::SecondIn), 6);
        let tokens = r#"{"text":"a","usage":{"input_token_details":{"audio_tokens":54,"text_tokens":2},"input_tokens":56,"output_tokens":16,"total_tokens":72,"type":"tokens"}}"#;
        let used = reply(transcript, tokens).tokens.unwrap();
        assert_eq!((used.input, used.input_audio, used.output), (2, 54, 16));
        let image = r#"{"created":1,"size":"1024x1536","data":[{"b64_json":"a"},{"url":"b"}],"usage":{"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":4160,"total_tokens":4210}}"#;
        let used = reply(Surface::OpenaiImageEdit, image);
        assert_eq!(used.count(Unit::ImageOut), 2);
        assert_eq!(used.count(Unit::PixelOut), 2 * 1024 * 1536);
        let tokens = used.tokens.unwrap();
        assert_eq!((tokens.input, tokens.input_image), (10, 40));
        assert_eq!((tokens.output, tokens.output_image), (0, 4160));
        let mixed = r#"{"usage":{"input_tokens":1,"output_tokens":30,"output_tokens_details":{"image_tokens":20,"text_tokens":10}}}"#;
        let tokens = reply(Surface::OpenaiImageGeneration, mixed).tokens.unwrap();
        assert_eq!((tokens.output, tokens.output_image), (10, 20));
        let speech = r#"{"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}"#;
        let tokens = reply(Surface::OpenaiSpeech, speech).tokens.unwrap();
        assert_eq!((tokens.input, tokens.output_audio), (14, 101));
        let event = r#"{"type":"image_generation.completed","b64_json":"a","size":"1024x1024","usage":{"input_tokens":5,"output_tokens":9,"input_tokens_details":{"text_tokens":5,"image_tokens":0}}}"#;
        let used = reply(Surface::OpenaiImageGeneration, event);
        assert_eq!((used.count(Unit::ImageOut), used.tokens.unwrap().output_image), (1, 9));
        let completion = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        assert_eq!(reply(Surface::OpenaiCompletion, completion).tokens.unwrap().total(), 5);
        let embedding = r#"{"embedding":[1],"inputTextTokenCount":4}"#;
        assert_eq!(reply(Surface::BedrockInvoke, embedding).tokens.unwrap().input, 4);
        let compact = r#"{"usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}}"#;
        assert_eq!(reply(Surface::OpenaiReplyCompact, compact).tokens.unwrap().total(), 5);
        for surface in Surface::ALL {
            assert_eq!(reply(*surface, "no JSON"), Used::default());
        }
    }

    #[test]
    fn requests_say_what_they_are_charged_by() {
        let used = of_request(Surface::OpenaiSpeech, "{\"input\":\"na\u{ef}ve\\u00e9\"}");
        assert_eq!(used.count(Unit::CharacterIn), 6);
        let used = of_request(Surface::OpenaiImageGeneration, r#"{"n":2,"size":"16x16"}"#);
        assert_eq!((used.count(Unit::ImageOut), used.count(Unit::PixelOut)), (2, 512));
        assert_eq!(of_request(Surface::OpenaiEmbedding, "{}"), Used::default());
    }

    #[test]
    fn a_ranking_of_many_documents_costs_many_searches() {
        let model = model("rerank - - - request=0.002");
        let used = Used { requests: Some(3), ..Used::default() };
        assert_eq!(used.cost_nano_usd(&model), 6_000_000);
        assert_eq!(Used::default().cost_nano_usd(&model), 2_000_000);
    }
}
