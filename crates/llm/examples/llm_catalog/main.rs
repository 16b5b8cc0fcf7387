//! Writes `catalog/models.txt` anew from a price list of LiteLLM's form: facts only, in our own
//! form, prices from their text to integers and back without floats.
//!
//! `cargo run -p architrave-llm --example llm_catalog < model_prices.json`

mod list;
mod prices;
mod providers;

use std::collections::BTreeMap;
use std::path::Path;

use architrave_llm::catalog::{Abilities, Ability, Model, ModelKind};

use list::Entry;

const HEAD: &str = "\
# Models: provider/name kind input-max output-max abilities prices, USD a million tokens.
# Facts from LiteLLM's model price list (MIT licence), written by the example `llm_catalog`.
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::io::read_to_string(std::io::stdin())?;
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    for (key, entry) in list::read(&text)? {
        let Some((mut model, is_full_key)) = model(&key, &entry) else { continue };
        (model.prices, model.units) = prices::read(&entry, model.kind)?;
        let row = model.to_string();
        let (name, words) = row.split_once(' ').ok_or("a row has words")?;
        // Of two keys for a model, the one that names the provider counts.
        if is_full_key || !rows.contains_key(name) {
            rows.insert(name.to_owned(), words.to_owned());
        }
    }
    let rows: String = rows.iter().map(|(name, words)| format!("{name} {words}\n")).collect();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/models.txt");
    std::fs::write(target, format!("{HEAD}{rows}"))?;
    Ok(())
}

/// The model of an entry, not priced yet, and whether its key names the provider; nothing where it is none of ours.
fn model(key: &str, entry: &Entry<'_>) -> Option<(Model, bool)> {
    let source = entry.text("litellm_provider")?;
    let provider = providers::ours(source)?;
    let kind = kind(entry.text("mode")?)?;
    let (name, is_full_key) = providers::name(source, key);
    // Bought by the month, not by the token.
    if name.contains("-commitment/") || name.ends_with("/container") {
        return None;
    }
    let model = Model {
        provider: provider.to_owned(),
        name: name.to_owned(),
        kind,
        input_max: entry.count("max_input_tokens").or_else(|| {
            entry.count("max_tokens").filter(|_| entry.count("max_output_tokens").is_none())
        }),
        output_max: entry.count("max_output_tokens"),
        abilities: abilities(entry),
        prices: None,
        units: Vec::new(),
    };
    Some((model, is_full_key))
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

fn abilities(entry: &Entry<'_>) -> Abilities {
    let mut abilities = Abilities::default();
    for (field, ability) in [
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
    ] {
        if entry.raw(field) == Some("true") {
            abilities.insert(ability);
        }
    }
    let outputs = entry.raw("supported_output_modalities").unwrap_or_default();
    for (word, ability) in [("\"image\"", Ability::ImagesOut), ("\"audio\"", Ability::AudioOut)] {
        if outputs.contains(word) {
            abilities.insert(ability);
        }
    }
    abilities
}
