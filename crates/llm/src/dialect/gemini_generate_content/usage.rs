//! Usage as Gemini counts it: a prompt with what came from the cache, what its own tools added to
//! it beside that, an answer without reasoning, and within them details by modality.

use crate::chat::{ServiceClass, Text, Usage};
use crate::json::{Cursor, JsonError, Kind, Writer};

use super::wire;

/// What `usageMetadata` says.
#[derive(Debug, Default)]
pub(super) struct Metadata<'a> {
    pub(super) usage: Option<Usage>,
    pub(super) service_class: Option<Text<'a>>,
}

#[derive(Debug, Default)]
struct Counts {
    is_said: bool,
    prompt: u64,
    by_tools: u64,
    cached: u64,
    answer: u64,
    thoughts: u64,
    prompt_by: Modalities,
    cached_by: Modalities,
    answer_by: Modalities,
}

/// Tokens of the modalities that have a price of their own.
#[derive(Debug, Default, Clone, Copy)]
struct Modalities {
    audio: u64,
    image: u64,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Metadata<'a>, JsonError> {
    let (mut counts, mut class, mut traffic) = (Counts::default(), None, None);
    cursor.object(|cursor, name| {
        match name {
            "promptTokenCount" => counts.prompt = counts.count(cursor)?,
            "toolUsePromptTokenCount" => counts.by_tools = counts.count(cursor)?,
            "cachedContentTokenCount" => counts.cached = counts.count(cursor)?,
            // The second name is that of Live.
            "candidatesTokenCount" | "responseTokenCount" => {
                counts.answer = counts.count(cursor)?
            }
            "thoughtsTokenCount" => counts.thoughts = counts.count(cursor)?,
            "promptTokensDetails" => counts.prompt_by = read_modalities(cursor)?,
            "cacheTokensDetails" => counts.cached_by = read_modalities(cursor)?,
            "candidatesTokensDetails" | "responseTokensDetails" => {
                counts.answer_by = read_modalities(cursor)?;
            }
            "serviceTier" => class = cursor.maybe(Cursor::text)?.and_then(wire::service_class),
            "trafficType" if cursor.kind() == Kind::Text => {
                traffic = ServiceClass::of_word(&cursor.text()?);
            }
            // A sum, and details of what has one price.
            "totalTokenCount" | "toolUsePromptTokensDetails" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let service = traffic.or(class.as_deref().and_then(ServiceClass::of_word));
    let usage = counts.is_said.then(|| Usage { service, ..counts.usage() });
    Ok(Metadata { usage, service_class: class })
}

fn read_modalities(cursor: &mut Cursor<'_>) -> Result<Modalities, JsonError> {
    let mut modalities = Modalities::default();
    cursor.list(|cursor| {
        let (mut modality, mut count) = (Text::default(), 0);
        cursor.object(|cursor, name| {
            match name {
                "modality" => modality = cursor.text()?,
                "tokenCount" => count = cursor.maybe(Cursor::count)?.unwrap_or(0),
                _ => cursor.unknown()?,
            }
            Ok(())
        })?;
        match modality.as_ref() {
            "AUDIO" => modalities.audio = count,
            "IMAGE" => modalities.image = count,
            // Text, and what costs the same.
            _ => {}
        }
        Ok(())
    })?;
    Ok(modalities)
}

impl Counts {
    fn count(&mut self, cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
        self.is_said = true;
        Ok(cursor.maybe(Cursor::count)?.unwrap_or(0))
    }

    fn usage(&self) -> Usage {
        let input_audio = self.prompt_by.audio.saturating_sub(self.cached_by.audio);
        let input_image = self.prompt_by.image.saturating_sub(self.cached_by.image);
        let Modalities { audio: output_audio, image: output_image } = self.answer_by;
        Usage {
            input: less(self.prompt, [self.cached, input_audio, input_image])
                .saturating_add(self.by_tools),
            cache_read: self.cached,
            cache_read_audio: self.cached_by.audio,
            input_audio,
            input_image,
            output: less(self.answer, [output_audio, output_image, 0]),
            reasoning: self.thoughts,
            output_audio,
            output_image,
            ..Usage::default()
        }
    }
}

fn less(total: u64, parts: [u64; 3]) -> u64 {
    parts.iter().fold(total, |rest, part| rest.saturating_sub(*part))
}

/// Writes `usageMetadata`, where there is something to say. What went to a cache has no name there
/// and goes with the rest of the prompt.
pub(super) fn write(usage: Option<&Usage>, service_class: Option<&str>, w: &mut Writer<'_>) {
    let tier = service_class.map(wire::service_word);
    if usage.is_none() && tier.is_none() {
        return;
    }
    w.key("usageMetadata").object(|w| {
        if let Some(usage) = usage {
            write_counts(usage, w);
        }
        w.text_field("serviceTier", tier);
    });
}

fn write_counts(usage: &Usage, w: &mut Writer<'_>) {
    let answer = usage.output_total().saturating_sub(usage.reasoning);
    let said = |count: u64| Some(count).filter(|count| *count > 0);
    w.key("promptTokenCount").count(usage.input_total());
    w.count_field("cachedContentTokenCount", said(usage.cache_read));
    w.key("candidatesTokenCount").count(answer);
    w.count_field("thoughtsTokenCount", said(usage.reasoning));
    w.key("totalTokenCount").count(usage.total());
    let text = less(usage.input_total(), [usage.input_audio, usage.input_image, 0]);
    let prompt = [("TEXT", text), ("AUDIO", usage.input_audio), ("IMAGE", usage.input_image)];
    write_modalities("promptTokensDetails", prompt, w);
    let audio_or_image = usage.output_audio + usage.output_image;
    if audio_or_image > 0 {
        let text = answer.saturating_sub(audio_or_image);
        let answer = [("TEXT", text), ("AUDIO", usage.output_audio), ("IMAGE", usage.output_image)];
        write_modalities("candidatesTokensDetails", answer, w);
    }
}

fn write_modalities(name: &str, modalities: [(&str, u64); 3], w: &mut Writer<'_>) {
    w.key(name).array(|w| {
        for (modality, count) in modalities.into_iter().filter(|(_, count)| *count > 0) {
            w.object(|w| {
                w.key("modality").text(modality);
                w.key("tokenCount").count(count);
            });
        }
    });
}
