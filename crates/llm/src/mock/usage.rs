//! Tokens of a request, in classes that are believable: what is marked for the cache is written to
//! it, and what was marked before the model spoke last is read from it.
//!
//! Nothing is remembered, so a prompt that comes a second time is counted as it was the first.

use super::token;
use crate::chat::{
    CacheMark, CacheTime, ChatRequest, Content, Part, ReasoningPart, Role, Source, ToolKind, Usage,
};
use crate::dialect::Dialect;

const REQUEST_TOKENS: u64 = 3;
const MESSAGE_TOKENS: u64 = 4;
const MEDIA_TOKENS: u64 = 300;

/// OpenAI keeps prompts of at least this many tokens unasked, in steps.
const UNASKED_TOKENS_MIN: u64 = 1_024;
const UNASKED_TOKENS_STEP: u64 = 128;

/// A prompt being counted.
#[derive(Default)]
struct Prompt {
    tokens: u64,
    audio: u64,
    /// Tokens up to the last mark, and for how long that is kept.
    marked: Option<(u64, CacheMark)>,
    /// Tokens up to the end of the last turn of the model, and to the last mark before that.
    spoken: u64,
    kept: u64,
}

/// What the prompt of a request uses.
pub(super) fn of_prompt(request: &ChatRequest<'_>, dialect: Dialect) -> Usage {
    let mut prompt = Prompt { tokens: REQUEST_TOKENS, ..Prompt::default() };
    for tool in &request.tooling.tools {
        let words = [Some(&tool.name), tool.description.as_ref()];
        prompt.tokens += words.iter().flatten().map(|text| token::count(text)).sum::<u64>();
        prompt.tokens += match &tool.kind {
            ToolKind::Function { schema: Some(json), .. } => token::count(json.as_str()),
            _ => MESSAGE_TOKENS,
        };
        prompt.mark(tool.cache);
    }
    for message in &request.messages {
        let kept = prompt.marked.map_or(0, |(tokens, _)| tokens);
        prompt.tokens += MESSAGE_TOKENS;
        message.parts.iter().for_each(|part| prompt.add(part));
        if message.role == Role::Assistant {
            (prompt.spoken, prompt.kept) = (prompt.tokens, kept);
        }
    }
    prompt.classes(request, dialect)
}

impl Prompt {
    fn add(&mut self, part: &Part<'_>) {
        self.tokens += match &part.content {
            Content::Text(text) => token::count(&text.text),
            Content::Refusal(text) => token::count(text),
            Content::Json(json) => token::count(json.as_str()),
            Content::ToolCall(call) => token::count(&call.name) + token::count(&call.arguments),
            Content::Reasoning(ReasoningPart { text, .. }) => token::count(text),
            Content::ToolResult(result) => {
                result.parts.iter().for_each(|part| self.add(part));
                0
            }
            Content::Media(media) => match &media.source {
                Source::Text(text) => token::count(text),
                _ if media.kind == crate::chat::MediaKind::Audio => {
                    self.audio += MEDIA_TOKENS;
                    MEDIA_TOKENS
                }
                _ => MEDIA_TOKENS,
            },
            Content::ProviderOnly(part) => token::count(part.json.as_str()),
        };
        self.mark(part.cache);
    }

    fn mark(&mut self, mark: Option<CacheMark>) {
        self.marked = mark.map(|mark| (self.tokens, mark)).or(self.marked);
    }

    fn classes(self, request: &ChatRequest<'_>, dialect: Dialect) -> Usage {
        let marked = request.caching.automatic.map(|mark| (self.tokens, mark)).or(self.marked);
        let is_openai = matches!(dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses);
        let (read, written, mark) = match marked {
            Some((tokens, mark)) if request.caching.automatic.is_some() => {
                (self.spoken, tokens - self.spoken, mark)
            }
            Some((tokens, mark)) => (self.kept, tokens - self.kept, mark),
            None if is_openai && self.spoken >= UNASKED_TOKENS_MIN => {
                let steps = self.spoken / UNASKED_TOKENS_STEP;
                (steps * UNASKED_TOKENS_STEP, 0, CacheMark::default())
            }
            None => (0, 0, CacheMark::default()),
        };
        let is_long = mark.time == Some(CacheTime::Hour1);
        let rest = self.tokens - read - written;
        // Sound is counted apart where it is not in the cache, too.
        let input_audio = self.audio.min(rest);
        Usage {
            input: rest - input_audio,
            input_audio,
            cache_read: read,
            cache_write: if is_long { 0 } else { written },
            cache_write_1h: if is_long { written } else { 0 },
            ..Usage::default()
        }
    }
}
