//! A price list of LiteLLM's form turned to rows: facts only, prices from their text to integers
//! without floats.
//!
//! Entries of providers and of kinds that are not known here are passed over and counted. Whatever
//! else cannot be read is an error with its line; nothing of the list is taken over then.

use std::collections::BTreeMap;

use super::{Abilities, Ability, CatalogError, Model, ModelKind, RowError};

mod entry;
mod prices;
mod providers;
#[cfg(test)]
mod tests;

use entry::Entry;

/// What a price list came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceMap {
    /// Its models in the form of a file of the catalogue, in order, each once.
    pub rows: String,
    /// How many models those are.
    pub taken: usize,
    /// How many entries were passed over.
    pub skipped: usize,
}

impl PriceMap {
    /// Whether a text is a price list and no file of rows: no row begins so.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.trim_start_matches('\u{feff}').trim_ascii_start().starts_with('{')
    }

    /// Reads a price list. Its providers have names of the list's own; of those that are not known
    /// `is_provider` says whether they are names of ours.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn read(text: &str, is_provider: impl Fn(&str) -> bool) -> Result<Self, Vec<CatalogError>> {
        let text = text.trim_start_matches('\u{feff}');
        let entries = entry::read(text).map_err(|error| {
            let line = line_of(text, error.at);
            vec![CatalogError { line, what: RowError::Json(error) }]
        })?;
        let (mut rows, mut errors) = (BTreeMap::new(), Vec::new());
        let (mut taken, mut skipped) = (0, 0);
        for (key, entry) in &entries {
            let Some((model, is_full_key)) = model(key, entry, &is_provider) else {
                skipped += 1;
                continue;
            };
            match row(model, entry) {
                // Of two keys for a model, the one that names the provider counts.
                Ok((name, words)) if is_full_key || !rows.contains_key(&name) => {
                    taken += usize::from(rows.insert(name, words).is_none());
                }
                Ok(_) => {}
                Err((at, what)) => errors.push(CatalogError { line: line_of(text, at), what }),
            }
        }
        if !errors.is_empty() {
            errors.sort_by_key(|error| error.line);
            return Err(errors);
        }
        let rows = rows.iter().map(|(name, words)| format!("{name} {words}\n")).collect();
        Ok(Self { rows, taken, skipped })
    }
}

/// The line that a byte stands on, from 1.
fn line_of(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}

/// Name and words of a model's row, with the prices of its entry; or where and what is wrong.
fn row(mut model: Model, entry: &Entry<'_>) -> Result<(String, String), (usize, RowError)> {
    (model.prices, model.units) = prices::read(entry, model.kind)?;
    let row = model.to_string();
    // Not at the first blank, which a name may have that is none.
    let (name, words) = row.split_at(model.provider.len() + 1 + model.name.len());
    Model::read(name, words).map_err(|what| (entry.at(), what))?;
    Ok((name.to_owned(), words.trim_ascii_start().to_owned()))
}

/// The model of an entry, not priced yet, and whether its key names the provider; nothing where it is none of ours.
fn model(
    key: &str,
    entry: &Entry<'_>,
    is_provider: &impl Fn(&str) -> bool,
) -> Option<(Model, bool)> {
    let source = entry.text("litellm_provider")?;
    let provider = providers::ours(source).or_else(|| is_provider(source).then_some(source))?;
    let kind = kind(entry.text("mode")?)?;
    let (name, is_full_key) = providers::name(source, key);
    if !is_model_name(name) {
        return None;
    }
    let (abilities, lacks) = abilities(entry, kind);
    let model = Model {
        provider: provider.to_owned(),
        name: name.to_owned(),
        kind,
        input_max: entry.count("max_input_tokens").or_else(|| {
            entry.count("max_tokens").filter(|_| entry.count("max_output_tokens").is_none())
        }),
        output_max: entry.count("max_output_tokens"),
        abilities,
        lacks,
        prices: None,
        units: Vec::new(),
    };
    Some((model, is_full_key))
}

/// Whether a name is one that a provider can be asked by. Lists have rows beside those of models:
/// for one size or quality of image, for a class of models, for a region with prices of its own, and
/// for what is bought by the month.
fn is_model_name(name: &str) -> bool {
    let is_bought = name.contains("-commitment/") || name.ends_with("/container");
    let is_class = name.contains("-up-to-");
    let is_of_image = name.split('/').any(|part| is_size(part) || is_steps(part));
    let is_of_region = name.split_once('/').is_some_and(|(first, _)| is_region(first));
    !(is_bought || is_class || is_of_image || is_of_region)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `1024-x-1536`.
fn is_size(part: &str) -> bool {
    part.split_once("-x-").is_some_and(|(width, height)| is_number(width) && is_number(height))
}

/// `50-steps`, `max-steps`.
fn is_steps(part: &str) -> bool {
    part.strip_suffix("-steps").is_some_and(|count| count == "max" || is_number(count))
}

/// `eu-west-3`, `us-gov-east-1`.
fn is_region(part: &str) -> bool {
    let Some((place, number)) = part.rsplit_once('-') else { return false };
    let mut words = place.split('-');
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_number(number)
        && words.next().is_some_and(|first| first.len() == 2 && is_word(first))
        && words.clone().next().is_some()
        && words.all(is_word)
}

fn kind(mode: &str) -> Option<ModelKind> {
    Some(match mode {
        "chat" => ModelKind::Chat,
        "responses" => ModelKind::Responses,
        "completion" => ModelKind::Completion,
        "embedding" => ModelKind::Embedding,
        "rerank" => ModelKind::Rerank,
        "moderation" => ModelKind::Moderation,
        "audio_transcription" => ModelKind::Transcription,
        "audio_speech" => ModelKind::Speech,
        "image_generation" => ModelKind::Image,
        "image_edit" => ModelKind::ImageEdit,
        "realtime" => ModelKind::Realtime,
        "video_generation" => ModelKind::Video,
        _ => return None,
    })
}

/// What lists say of abilities, field by field.
const ABILITIES: [(&str, Ability); 19] = [
    ("supports_function_calling", Ability::Tools),
    ("supports_tool_choice", Ability::ToolChoice),
    ("supports_parallel_function_calling", Ability::ParallelTools),
    ("supports_response_schema", Ability::Schema),
    ("supports_native_structured_output", Ability::Schema),
    ("supports_vision", Ability::Images),
    ("supports_image_input", Ability::Images),
    ("supports_embedding_image_input", Ability::Images),
    ("supports_pdf_input", Ability::Documents),
    ("supports_audio_input", Ability::Audio),
    ("supports_video_input", Ability::Video),
    ("supports_audio_output", Ability::AudioOut),
    ("supports_reasoning", Ability::Reasoning),
    ("supports_adaptive_thinking", Ability::Adaptive),
    ("supports_prompt_caching", Ability::Caching),
    ("supports_system_messages", Ability::System),
    ("supports_assistant_prefill", Ability::Prefill),
    ("supports_web_search", Ability::WebSearch),
    ("supports_computer_use", Ability::Computer),
];

/// What a request may need; only of these it matters that a model is known not to have them.
const NEEDED: [Ability; 6] = [
    Ability::Tools,
    Ability::Schema,
    Ability::Images,
    Ability::Documents,
    Ability::Audio,
    Ability::Video,
];

/// What goes in beside text, as lists call it.
const INPUTS: [(&str, Ability); 3] =
    [("\"image\"", Ability::Images), ("\"audio\"", Ability::Audio), ("\"video\"", Ability::Video)];

/// What a model can do, and what it is known not to: by a field that says so, or where all that it
/// takes is told and this is not among it. A field that is missing says nothing, as lists forget.
fn abilities(entry: &Entry<'_>, kind: ModelKind) -> (Abilities, Abilities) {
    let (mut abilities, mut lacks) = (Abilities::default(), Abilities::default());
    for (field, ability) in ABILITIES {
        match entry.raw(field) {
            Some("true") => abilities.insert(ability),
            Some("false") if NEEDED.contains(&ability) => lacks.insert(ability),
            _ => {}
        }
    }
    let outputs = entry.raw("supported_output_modalities").unwrap_or_default();
    for (word, ability) in [("\"image\"", Ability::ImagesOut), ("\"audio\"", Ability::AudioOut)] {
        if outputs.contains(word) {
            abilities.insert(ability);
        }
    }
    let endpoints = entry.raw("supported_endpoints").unwrap_or_default();
    if kind == ModelKind::Chat && endpoints.contains("\"/v1/responses\"") {
        abilities.insert(Ability::Responses);
    }
    let inputs = entry.raw("supported_modalities").unwrap_or_default();
    for (word, ability) in INPUTS {
        if inputs.contains("\"text\"") && !inputs.contains(word) {
            lacks.insert(ability);
        }
    }
    if !matches!(kind, ModelKind::Chat | ModelKind::Responses) {
        lacks = Abilities::default();
    }
    abilities.iter().for_each(|ability| lacks.remove(ability));
    (abilities, lacks)
}
