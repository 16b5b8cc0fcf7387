//! What an exchange used, tokens or not, and what that costs.
//!
//! Chat uses tokens alone; sound and images are charged by seconds, characters, images and pixels
//! as well, rankings by search. Price lists give the price of the same thing by several measures;
//! it is charged by one of them.

mod cache;
mod charge;
mod invoke;
mod media;
mod sound;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::catalog::Unit;
use crate::chat::Usage;
use crate::json::{Cursor, Kind};
use crate::surface::{Operation, Surface};
use crate::{embedding, rerank};

pub use charge::Charge;
pub use media::{of_form, of_image_call, of_request};
pub use sound::SoundLength;

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

impl From<Usage> for Used {
    fn from(tokens: Usage) -> Self {
        Some(tokens).into()
    }
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
        if unit == Unit::Searched {
            return self.count(Unit::Search).min(1);
        }
        let told = self.tokens.filter(|_| unit == Unit::Search).map(|tokens| tokens.searches);
        let counts = self.units.iter().filter(|(one, _)| *one == unit).map(|(_, count)| *count);
        counts.fold(told.unwrap_or(0), u64::saturating_add)
    }

    /// Sets how many of a unit, whatever was told before.
    pub fn set(&mut self, unit: Unit, count: u64) {
        self.units.retain(|(one, _)| *one != unit);
        self.add(unit, count);
    }

    /// Adds units of a sort.
    pub fn add(&mut self, unit: Unit, count: u64) {
        if count > 0 {
            self.units.push((unit, count));
        }
    }

    /// The same of an answer that tells so many searches of the web beside its tokens.
    #[must_use]
    pub fn searching(mut self, searches: u64) -> Self {
        match &mut self.tokens {
            Some(tokens) => *tokens = tokens.searching(searches),
            None => self.set(Unit::Search, searches),
        }
        self
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

    /// Takes of each unit of which the answer told nothing what the request did, and how many
    /// requests it is.
    pub fn fill(&mut self, asked: &Self) {
        let (told, images) = (self.count(Unit::ImageOut), asked.count(Unit::ImageOut));
        for (unit, count) in &asked.units {
            if self.count(*unit) > 0 {
                continue;
            }
            // As large as was asked for, and as many as there are.
            let count = match unit {
                Unit::PixelOut if told > 0 && images > 0 => (count / images).saturating_mul(told),
                _ => *count,
            };
            self.add(*unit, count);
        }
        self.requests = self.requests.or(asked.requests);
    }
}

/// What a reply that is passed on says of what was used, or an event of its stream.
#[must_use]
pub fn of_reply(surface: Surface, body: &str) -> Used {
    match surface.operation() {
        Operation::Invoke if surface == Surface::BedrockInvoke => invoke::used_of_reply(body),
        Operation::Embedding | Operation::Invoke => {
            let wire = match surface {
                Surface::GeminiPredict => Some(embedding::Wire::Predict),
                surface => embedding::Wire::of(surface),
            };
            wire.and_then(|wire| embedding::usage_of_reply(wire, body.as_bytes())).into()
        }
        Operation::CacheCreate => cache::usage_of_reply(body).into(),
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

/// What an event of a stream of a bare call at Bedrock tells: the last one, whatever the model's own
/// words are, has the counts of AWS in it.
pub(crate) fn of_call_event(data: &str) -> Used {
    let read = |data: &str| {
        let mut cursor = Cursor::new(data);
        let mut held = None;
        cursor
            .object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("bytes", Kind::Text) => held = Some(cursor.text()?.into_owned()),
                    _ => cursor.skip()?,
                }
                Ok(())
            })
            .ok()?;
        let event = String::from_utf8(STANDARD.decode(held?).ok()?).ok()?;
        call_metrics(&event)
    };
    read(data).into()
}

fn call_metrics(event: &str) -> Option<Usage> {
    let mut usage = None;
    let read = Cursor::new(event).object(|cursor, name| {
        if name != "amazon-bedrock-invocationMetrics" {
            return cursor.skip();
        }
        let mut told = Usage::default();
        cursor.object(|cursor, name| {
            match name {
                "inputTokenCount" => told.input = cursor.count()?,
                "outputTokenCount" => told.output = cursor.count()?,
                "cacheReadInputTokenCount" => told.cache_read = cursor.count()?,
                "cacheWriteInputTokenCount" => told.cache_write = cursor.count()?,
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        usage = Some(told);
        Ok(())
    });
    usage.filter(|_| read.is_ok())
}

/// What the head of a reply says of what was used: AWS counts there whatever the model's own words
/// for it are. `field` is the number that a field says.
#[must_use]
pub fn of_head(field: impl Fn(&str) -> Option<u64>) -> Option<Usage> {
    let input = field("x-amzn-bedrock-input-token-count");
    let output = field("x-amzn-bedrock-output-token-count");
    input.or(output)?;
    let cached = |name| field(name).unwrap_or(0);
    Some(Usage {
        input: input.unwrap_or(0),
        cache_read: cached("x-amzn-bedrock-cache-read-input-token-count"),
        cache_write: cached("x-amzn-bedrock-cache-write-input-token-count"),
        output: output.unwrap_or(0),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!((used.count(Unit::CharacterIn), used.count(Unit::SecondOut)), (6, 1));
        for surface in [Surface::OpenaiImageGeneration, Surface::OpenaiImageEdit] {
            let used = of_request(surface, r#"{"n":2,"size":"16x16"}"#);
            assert_eq!((used.count(Unit::ImageOut), used.count(Unit::PixelOut)), (2, 512));
            let used = of_request(surface, r#"{"size":"auto"}"#);
            assert_eq!((used.count(Unit::ImageOut), used.count(Unit::PixelOut)), (1, 1 << 20));
        }
        assert_eq!(of_form(Surface::OpenaiImageVariation, Some(3)).count(Unit::ImageOut), 3);
        assert_eq!(of_form(Surface::OpenaiTranscription, Some(3)), Used::default());
        assert_eq!(of_request(Surface::OpenaiEmbedding, "{}"), Used::default());
        let documents = format!(r#"{{"documents":[{}"b"]}}"#, r#""a","#.repeat(200));
        assert_eq!(of_request(Surface::CohereRerank, &documents).requests, Some(3));
    }

    #[test]
    fn what_the_request_tells_counts_where_the_answer_does_not() {
        let asked = of_request(Surface::OpenaiImageGeneration, r#"{"n":3,"size":"16x16"}"#);
        let mut told = reply(Surface::OpenaiImageGeneration, r#"{"data":[{}]}"#);
        told.fill(&asked);
        assert_eq!((told.count(Unit::ImageOut), told.count(Unit::PixelOut)), (1, 256));
    }

    #[test]
    fn the_last_event_of_a_bare_call_counts_tokens() {
        let event = |inner: &str| format!(r#"{{"bytes":"{}","p":"abc"}}"#, STANDARD.encode(inner));
        let last = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":12,"outputTokenCount":5,"invocationLatency":300}}"#;
        let usage = of_call_event(&event(last)).tokens.unwrap();
        assert_eq!((usage.input, usage.output), (12, 5));
        assert_eq!(of_call_event(&event(r#"{"outputText":"a"}"#)), Used::default());
        assert_eq!(of_call_event(r#"{"bytes":"!"}"#), Used::default());
        assert_eq!(of_call_event("no JSON"), Used::default());
    }

    #[test]
    fn the_head_of_bedrocks_answers_counts_tokens() {
        let fields = [
            ("x-amzn-bedrock-input-token-count", 12),
            ("x-amzn-bedrock-output-token-count", 5),
            ("x-amzn-bedrock-cache-read-input-token-count", 3),
        ];
        let field = |name: &str| fields.iter().find(|(one, _)| *one == name).map(|(_, it)| *it);
        let usage = of_head(field).unwrap();
        assert_eq!((usage.input, usage.cache_read, usage.output), (12, 3, 5));
        assert_eq!(of_head(|_| None), None);
    }
}
