//! Usage as OpenAI Chat counts it: totals, and within them details.
//!
//! Details are taken out of the totals, so that each token is in one class.

use crate::chat::Usage;
use crate::cost::Femtos;
use crate::json::{Cursor, JsonError, Kind, Writer};

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
    told_nano_usd: Option<u64>,
}

/// Reads what was used; nothing where not one of the counts is there that say it.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Usage>, JsonError> {
    let (mut counts, mut has_searched) = (Counts::default(), false);
    let mut is_counted = false;
    cursor.object(|cursor, name| {
        is_counted |= matches!(name, "prompt_tokens" | "completion_tokens" | "total_tokens");
        match name {
            "prompt_tokens" => counts.prompt = count(cursor)?,
            "completion_tokens" => counts.completion = count(cursor)?,
            "total_tokens" => counts.total = count(cursor)?,
            // Perplexity's.
            "num_search_queries" => counts.searches = count(cursor)?,
            "search_context_size" => has_searched = cursor.maybe(Cursor::skip)?.is_some(),
            // DeepSeek's and Moonshot's.
            "prompt_cache_hit_tokens" | "cached_tokens" => counts.cached = count(cursor)?,
            "prompt_tokens_details" => {
                cursor.maybe(|cursor| cursor.object(|c, name| prompt(c, name, &mut counts)))?;
            }
            "completion_tokens_details" => {
                cursor.maybe(|cursor| cursor.object(|c, name| completion(c, name, &mut counts)))?;
            }
            // OpenRouter's, and Perplexity's. Nobody else is told it.
            "cost" => {
                counts.told_nano_usd = told_cost(&mut cursor.clone_at());
                cursor.unknown()?;
            }
            // What is left of the prompt, said again.
            "prompt_cache_miss_tokens" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    // Who says how much was looked through, and no count, has searched once.
    counts.searches = counts.searches.max(u64::from(has_searched));
    Ok(is_counted.then(|| counts.usage()))
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
        let of_completion = [self.output_audio, self.output_image];
        // Some count reasoning beside the completion, or in the total alone; what is left of that
        // gives them away. Where it is just what the cache had, that is not within the prompt.
        let left = self.total.saturating_sub(self.prompt.saturating_add(self.completion));
        let is_of_prompt = left > 0 && left == self.cached && left != self.reasoning;
        let (more_prompt, more_completion) = if is_of_prompt { (left, 0) } else { (0, left) };
        let prompt = self.prompt.saturating_add(more_prompt);
        let completion = self.completion.saturating_add(more_completion);
        let reasoning = self.reasoning.max(more_completion);
        let of_completion = [reasoning, of_completion[0], of_completion[1]];
        Usage {
            input: less(prompt, &of_prompt),
            cache_read: self.cached,
            cache_write: self.cache_write,
            input_audio: self.input_audio,
            input_image: self.input_image,
            output: less(completion, &of_completion),
            reasoning,
            output_audio: self.output_audio,
            output_image: self.output_image,
            searches: self.searches,
            told_nano_usd: self.told_nano_usd,
            ..Usage::default()
        }
    }
}

/// What an answer says that it cost: US dollars, or an object that has the sum of them. Whatever is
/// none is not told.
pub(in crate::dialect) fn told_cost(cursor: &mut Cursor<'_>) -> Option<u64> {
    let nano_usd = |cursor: &mut Cursor<'_>| {
        let said = cursor.number().ok()?;
        let Femtos(femtos) = said.as_str().parse().ok()?;
        Some(femtos.div_ceil(1_000_000))
    };
    if cursor.kind() != Kind::Object {
        return nano_usd(cursor);
    }
    let mut told = None;
    let read = cursor.object(|cursor, name| {
        if name == "total_cost" {
            told = nano_usd(&mut cursor.clone_at());
        }
        cursor.skip()
    });
    read.ok().and(told)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<[u64; 4]> {
        let usage = read(&mut Cursor::new(text)).unwrap()?;
        Some([usage.input, usage.cache_read, usage.output, usage.reasoning])
    }

    #[test]
    fn what_is_in_the_total_alone_is_charged() {
        // Gemini's own interface like OpenAI's: thoughts are in the total only.
        let gemini = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":515}"#;
        assert_eq!(told(gemini), Some([10, 0, 5, 500]));
        let beside = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":25,"completion_tokens_details":{"reasoning_tokens":10}}"#;
        assert_eq!(told(beside), Some([10, 0, 5, 10]));
        let within = r#"{"prompt_tokens":10,"completion_tokens":15,"total_tokens":25,"completion_tokens_details":{"reasoning_tokens":10}}"#;
        assert_eq!(told(within), Some([10, 0, 5, 10]));
        let cached = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"prompt_tokens_details":{"cached_tokens":100}}"#;
        assert_eq!(told(cached), Some([10, 100, 5, 0]));
        assert_eq!(told(r#"{"prompt_tokens":10,"completion_tokens":5}"#), Some([10, 0, 5, 0]));
    }

    #[test]
    fn tokens_from_the_cache_may_stand_beside_the_counts() {
        let moonshot = r#"{"prompt_tokens":9010,"completion_tokens":5,"total_tokens":9015,"cached_tokens":9000}"#;
        assert_eq!(told(moonshot), Some([10, 9_000, 5, 0]));
    }

    #[test]
    fn what_an_answer_says_that_it_cost_is_read_to_the_last_digit() {
        for (cost, nano_usd) in [
            ("0.5", Some(500_000_000)),
            ("0.00014", Some(140_000)),
            ("1e-10", Some(1)),
            ("0", Some(0)),
            (r#"{"input_tokens_cost":0.1,"total_cost":0.25}"#, Some(250_000_000)),
            ("-1", None),
            ("\"0.5\"", None),
            ("null", None),
            ("{}", None),
            ("1e9", None),
        ] {
            let text = format!(r#"{{"cost":{cost},"prompt_tokens":3}}"#);
            let usage = read(&mut Cursor::new(&text)).unwrap().unwrap();
            assert_eq!((usage.told_nano_usd, usage.input), (nano_usd, 3), "{text}");
        }
    }

    #[test]
    fn usage_without_a_count_is_none() {
        for text in ["{}", r#"{"promptTokenCount":3}"#, r#"{"num_search_queries":1}"#] {
            assert_eq!(told(text), None, "{text}");
        }
        assert_eq!(told(r#"{"prompt_tokens":0}"#), Some([0; 4]));
    }
}
