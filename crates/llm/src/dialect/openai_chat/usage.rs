//! Usage as OpenAI Chat counts it: totals, and within them details.
//!
//! Details are taken out of the totals, so that each token is in one class.

use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Writer};

/// The counts as they are written.
#[derive(Default)]
struct Counts {
    prompt: u64,
    completion: u64,
    total: u64,
    cached: u64,
    cache_write: u64,
    input_audio: u64,
    input_image: u64,
    reasoning: u64,
    output_audio: u64,
    output_image: u64,
    searches: u64,
}

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut counts, mut has_searched) = (Counts::default(), false);
    cursor.object(|cursor, name| {
        match name {
            "prompt_tokens" => counts.prompt = count(cursor)?,
            "completion_tokens" => counts.completion = count(cursor)?,
            "total_tokens" => counts.total = count(cursor)?,
            // Perplexity's.
            "num_search_queries" => counts.searches = count(cursor)?,
            "search_context_size" => has_searched = cursor.maybe(Cursor::skip)?.is_some(),
            "prompt_cache_hit_tokens" => counts.cached = count(cursor)?,
            "prompt_tokens_details" => {
                cursor.maybe(|cursor| cursor.object(|c, name| prompt(c, name, &mut counts)))?;
            }
            "completion_tokens_details" => {
                cursor.maybe(|cursor| cursor.object(|c, name| completion(c, name, &mut counts)))?;
            }
            // What is left of the prompt, said again.
            "prompt_cache_miss_tokens" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    // Who says how much was looked through, and no count, has searched once.
    counts.searches = counts.searches.max(u64::from(has_searched));
    Ok(counts.usage())
}

fn prompt(cursor: &mut Cursor<'_>, name: &str, counts: &mut Counts) -> Result<(), JsonError> {
    match name {
        "cached_tokens" => counts.cached = count(cursor)?,
        "cache_write_tokens" => counts.cache_write = count(cursor)?,
        "audio_tokens" => counts.input_audio = count(cursor)?,
        "image_tokens" => counts.input_image = count(cursor)?,
        "text_tokens" => cursor.skip()?,
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn completion(cursor: &mut Cursor<'_>, name: &str, counts: &mut Counts) -> Result<(), JsonError> {
    match name {
        "reasoning_tokens" => counts.reasoning = count(cursor)?,
        "audio_tokens" => counts.output_audio = count(cursor)?,
        "image_tokens" => counts.output_image = count(cursor)?,
        "text_tokens" => cursor.skip()?,
        // Tokens of predictions are within the completion, whatever became of them.
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    Ok(cursor.maybe(Cursor::count)?.unwrap_or(0))
}

impl Counts {
    fn usage(&self) -> Usage {
        let of_prompt = [self.cached, self.cache_write, self.input_audio, self.input_image];
        let of_completion = [self.reasoning, self.output_audio, self.output_image];
        // Some count reasoning beside the completion; their total gives them away.
        let beside = self.prompt.saturating_add(self.completion).saturating_add(self.reasoning);
        let is_beside = self.reasoning > 0 && self.total == beside;
        let completion = self.completion.saturating_add(if is_beside { self.reasoning } else { 0 });
        Usage {
            input: less(self.prompt, &of_prompt),
            cache_read: self.cached,
            cache_write: self.cache_write,
            input_audio: self.input_audio,
            input_image: self.input_image,
            output: less(completion, &of_completion),
            reasoning: self.reasoning,
            output_audio: self.output_audio,
            output_image: self.output_image,
            searches: self.searches,
            ..Usage::default()
        }
    }
}

fn less(total: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(total, |rest, part| rest.saturating_sub(*part))
}

pub(crate) fn write(usage: &Usage, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("prompt_tokens").count(usage.input_total());
        w.key("completion_tokens").count(usage.output_total());
        w.key("total_tokens").count(usage.total());
        w.key("prompt_tokens_details").object(|w| {
            w.key("cached_tokens").count(usage.cache_read);
            w.key("audio_tokens").count(usage.input_audio);
            let written = usage.cache_write.saturating_add(usage.cache_write_1h);
            w.count_field("cache_write_tokens", Some(written).filter(|count| *count > 0));
            w.count_field("image_tokens", Some(usage.input_image).filter(|count| *count > 0));
        });
        w.count_field("num_search_queries", Some(usage.searches).filter(|count| *count > 0));
        w.key("completion_tokens_details").object(|w| {
            w.key("reasoning_tokens").count(usage.reasoning);
            w.key("audio_tokens").count(usage.output_audio);
            w.count_field("image_tokens", Some(usage.output_image).filter(|count| *count > 0));
            w.key("accepted_prediction_tokens").count(0);
            w.key("rejected_prediction_tokens").count(0);
        });
    });
}
