//! Lists and single models in the words of each family.

use super::ListedModel;
use super::page::Page;
use crate::catalog::ModelKind;
use crate::json::Writer;
use crate::surface::{Family, gemini_model};
use crate::time;

pub(super) fn list(family: Family, page: &Page<'_, '_>, w: &mut Writer<'_>) {
    let models = |name: &str, w: &mut Writer<'_>| {
        w.key(name).array(|w| page.models.iter().for_each(|one| model(family, one, w)));
    };
    let first = page.models.first().map(|model| model.id);
    let last = page.models.last().map(|model| model.id);
    w.object(|w| match family {
        Family::Openai | Family::Bedrock => {
            w.key("object").text("list");
            models("data", w);
        }
        Family::Anthropic => {
            models("data", w);
            w.key("has_more").truth(page.has_more);
            for (name, id) in [("first_id", first), ("last_id", last)] {
                match id {
                    Some(id) => w.key(name).text(id),
                    None => w.key(name).null(),
                }
            }
        }
        Family::Gemini => {
            models("models", w);
            w.text_field("nextPageToken", last.filter(|_| page.has_more));
        }
        Family::Cohere => {
            models("models", w);
            w.text_field("next_page_token", last.filter(|_| page.has_more));
        }
    });
}

pub(super) fn model(family: Family, model: &ListedModel<'_>, w: &mut Writer<'_>) {
    match family {
        Family::Openai | Family::Bedrock => openai(model, w),
        Family::Anthropic => anthropic(model, w),
        Family::Gemini => gemini(model, w),
        Family::Cohere => cohere(model, w),
    }
}

fn openai(model: &ListedModel<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("id").text(model.id);
        w.key("object").text("model");
        w.key("created").count(model.created_s);
        w.key("owned_by").text(model.owner);
        // As those have it who list models of many owners; OpenAI itself has no such field.
        w.count_field("context_length", model.input_max);
    });
}

fn anthropic(model: &ListedModel<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("type").text("model");
        w.key("id").text(model.id);
        w.key("display_name").text(model.id);
        w.key("created_at").text(&time::write(model.created_s));
        w.key("lifecycle").text("active");
        w.count_field("max_input_tokens", model.input_max);
        w.count_field("max_tokens", model.output_max);
    });
}

fn gemini(model: &ListedModel<'_>, w: &mut Writer<'_>) {
    let (collection, name) = gemini_model(model.id);
    w.object(|w| {
        w.key("name").texts(&[collection, name]);
        w.key("version").text("001");
        w.key("displayName").text(model.id);
        w.count_field("inputTokenLimit", model.input_max);
        w.count_field("outputTokenLimit", model.output_max);
        w.key("supportedGenerationMethods").array(|w| {
            let methods: &[&str] = match kind(model) {
                Kind::Chat => &["generateContent", "streamGenerateContent", "countTokens"],
                Kind::Embedding => &["embedContent", "batchEmbedContents"],
                Kind::Rerank | Kind::Other => &[],
            };
            methods.iter().for_each(|method| w.text(method));
        });
    });
}

fn cohere(model: &ListedModel<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("name").text(model.id);
        w.key("is_deprecated").truth(false);
        w.key("endpoints").array(|w| match kind(model) {
            Kind::Chat => w.text("chat"),
            Kind::Embedding => w.text("embed"),
            Kind::Rerank => w.text("rerank"),
            Kind::Other => {}
        });
        w.key("finetuned").truth(false);
        w.count_field("context_length", model.input_max);
    });
}

/// What a model is for, as far as the lists tell it.
enum Kind {
    Chat,
    Embedding,
    Rerank,
    Other,
}

fn kind(model: &ListedModel<'_>) -> Kind {
    match model.kind {
        None | Some(ModelKind::Chat | ModelKind::Responses | ModelKind::Completion) => Kind::Chat,
        Some(ModelKind::Embedding) => Kind::Embedding,
        Some(ModelKind::Rerank) => Kind::Rerank,
        Some(_) => Kind::Other,
    }
}
