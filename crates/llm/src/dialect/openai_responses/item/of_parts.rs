//! Parts of an answer as items: texts that follow each other are one message, thoughts with the
//! same id one item.

use super::super::{annotation, opaque};
use super::{Item, Reasoning, Said, signature_of_call};
use crate::chat::{Content, Maker, Media, MediaKind, Part, ReasoningPart, Source, Text};

/// Who reads the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reads {
    /// A provider, which takes back only what its own models thought.
    Provider {
        /// It wants all reasoning back, in words.
        takes_reasoning: bool,
    },
    /// A client, which is shown all reasoning and keeps what is opaque.
    Client,
}

/// The items that the parts are.
pub(in super::super) fn items<'a>(parts: &[Part<'a>], reads: Reads) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for part in parts {
        push(&part.content, reads, &mut items);
    }
    if let Reads::Provider { takes_reasoning } = reads {
        items.retain(|item| match item {
            Item::Reasoning(reasoning) => takes_reasoning || reasoning.opaque.is_some(),
            _ => true,
        });
    }
    items
}

fn push<'a>(content: &Content<'a>, reads: Reads, items: &mut Vec<Item<'a>>) {
    match content {
        Content::Text(text) => {
            let mut said = Said { text: text.text.clone(), ..Said::default() };
            for one in text.citations.iter().filter(|one| is_citable(one, reads)) {
                said.citations.push(|w| annotation::write(one, w));
            }
            say(said, items);
        }
        Content::Json(json) => {
            say(Said { text: json.clone().into_text(), ..Said::default() }, items);
        }
        Content::Refusal(text) => {
            say(Said { text: text.clone(), is_refusal: true, ..Said::default() }, items);
        }
        Content::Reasoning(reasoning) => think(reasoning, reads, items),
        Content::ToolCall(call) => {
            items.push(Item::Call {
                call_id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                is_free_form: call.is_free_form,
            });
            if let (Some(signature), Reads::Client) = (&call.signature, reads) {
                items.push(signature_of_call(signature));
            }
        }
        Content::Media(media) => items.extend(image(media)),
        Content::ProviderOnly(only) if only.maker == Maker::Openai => {
            items.push(Item::Own(only.json.clone().into_text()));
        }
        // Results are no part of an answer, and what is another's own nobody there understands.
        Content::ToolResult(_) | Content::ProviderOnly(_) => {}
    }
}

/// A provider knows links and its own files only.
fn is_citable(citation: &crate::chat::Citation<'_>, reads: Reads) -> bool {
    reads == Reads::Client || is_citable_by_provider(citation)
}

/// Whether a provider knows what a citation is about.
pub(in super::super) fn is_citable_by_provider(citation: &crate::chat::Citation<'_>) -> bool {
    citation.url.is_some() || citation.source_id.is_some()
}

fn say<'a>(said: Said<'a>, items: &mut Vec<Item<'a>>) {
    match items.last_mut() {
        Some(Item::Message(parts)) => parts.push(said),
        _ => items.push(Item::Message(vec![said])),
    }
}

fn image<'a>(media: &Media<'a>) -> Option<Item<'a>> {
    match (&media.source, media.kind) {
        (Source::Bytes { media_type, base64 }, MediaKind::Image) => {
            Some(Item::Image { media_type: media_type.clone(), base64: base64.clone() })
        }
        _ => None,
    }
}

fn think<'a>(part: &ReasoningPart<'a>, reads: Reads, items: &mut Vec<Item<'a>>) {
    let is_raw = matches!(reads, Reads::Provider { takes_reasoning: true });
    let text = Some(part.text.clone()).filter(|text| !text.is_empty());
    match items.last_mut() {
        Some(Item::Reasoning(last)) if last.id.is_some() && last.id == part.id => {
            last.texts.extend(text);
            last.opaque = opaque_of(part, reads).or(last.opaque.take());
        }
        _ => items.push(Item::Reasoning(Reasoning {
            id: part.id.clone(),
            texts: Vec::from_iter(text),
            is_raw,
            opaque: opaque_of(part, reads),
        })),
    }
}

/// What of a thought stands in `encrypted_content`.
pub(in super::super) fn opaque_of<'a>(part: &ReasoningPart<'a>, reads: Reads) -> Option<Text<'a>> {
    let encrypted = part.encrypted.as_ref();
    if let Reads::Provider { .. } = reads {
        let own = encrypted.filter(|encrypted| encrypted.maker == Maker::Openai);
        return own.map(|own| opaque::write(opaque::Sort::Encrypted, own));
    }
    let encrypted = encrypted.map(|value| opaque::write(opaque::Sort::Encrypted, value));
    let signature = part.signature.as_ref();
    encrypted.or_else(|| signature.map(|value| opaque::write(opaque::Sort::Signature, value)))
}
