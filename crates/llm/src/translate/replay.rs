//! A whole reply told as the events of a stream: for replies from the cache, and for clients that
//! want a stream of what a provider gives at once.

use crate::chat::{ChatEvent, ChatReply, Choice, Content, Delta, Part, PartKind, Source};
use crate::dialect::Emit;

/// Tells a reply as events, the text of a part in one delta.
pub fn replay(reply: &ChatReply<'_>, emit: &mut Emit<'_>) {
    emit(ChatEvent::Start {
        id: reply.id.clone(),
        model: reply.model.clone(),
        created_s: reply.created_s,
        service_class: reply.service_class.clone(),
        fingerprint: reply.fingerprint.clone(),
    });
    for (choice, answer) in (0..).zip(&reply.choices) {
        replay_choice(choice, answer, emit);
    }
    if let Some(usage) = reply.usage {
        emit(ChatEvent::Usage(usage));
    }
    emit(ChatEvent::End);
}

fn replay_choice(choice: u32, answer: &Choice<'_>, emit: &mut Emit<'_>) {
    let mut part = 0;
    let mut logprobs = answer.logprobs.clone();
    for Part { content, cache: _ } in &answer.parts {
        let Some(kind) = kind_of(content) else { continue };
        emit(ChatEvent::PartStart { choice, part, kind });
        deltas(content, &mut |delta| emit(ChatEvent::PartDelta { choice, part, delta }));
        // Streams have them with the text that they are about.
        if let Some(tokens) = logprobs.take_if(|_| matches!(content, Content::Text(_))) {
            emit(ChatEvent::Logprobs { choice, tokens });
        }
        emit(ChatEvent::PartEnd { choice, part });
        part += 1;
    }
    if let Some(tokens) = logprobs {
        emit(ChatEvent::Logprobs { choice, tokens });
    }
    if let Some(finish) = answer.finish {
        emit(ChatEvent::Finish { choice, finish, stop_text: answer.stop_text.clone() });
    }
}

/// What kind of part it is; results of tools are no part of a reply.
fn kind_of<'a>(content: &Content<'a>) -> Option<PartKind<'a>> {
    Some(match content {
        Content::Text(_) | Content::Json(_) => PartKind::Text,
        Content::Media(media) => PartKind::Media(media.kind),
        Content::ToolCall(call) => PartKind::ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            is_free_form: call.is_free_form,
        },
        Content::ToolResult(_) => return None,
        Content::Reasoning(reasoning) => PartKind::Reasoning { id: reasoning.id.clone() },
        Content::Refusal(_) => PartKind::Refusal,
        Content::ProviderOnly(part) => PartKind::ProviderOnly(part.clone()),
    })
}

fn deltas<'a>(content: &Content<'a>, emit: &mut dyn FnMut(Delta<'a>)) {
    match content {
        Content::Text(text) => {
            if !text.text.is_empty() {
                emit(Delta::Text(text.text.clone()));
            }
            for citation in &text.citations {
                emit(Delta::Citation(citation.clone()));
            }
        }
        Content::Json(json) => emit(Delta::Text(json.clone().into_text())),
        Content::Refusal(text) => emit(Delta::Text(text.clone())),
        Content::Media(media) => match &media.source {
            Source::Bytes { media_type, base64 } => emit(Delta::Bytes {
                media_type: Some(media_type.clone()),
                base64: base64.clone(),
                transcript: media.context.clone(),
            }),
            Source::Url { url, media_type } => emit(Delta::Link {
                kind: media.kind,
                url: url.clone(),
                media_type: media_type.clone(),
            }),
            // Of a reply it is a link as well, into the store of who made it.
            Source::File { id } => {
                emit(Delta::Link { kind: media.kind, url: id.clone(), media_type: None });
            }
            Source::Text(_) => {}
        },
        Content::ToolCall(call) => {
            emit(Delta::Arguments(call.arguments.clone()));
            if let Some(signature) = &call.signature {
                emit(Delta::Signature(signature.clone()));
            }
        }
        Content::Reasoning(reasoning) => {
            if !reasoning.text.is_empty() {
                emit(Delta::Text(reasoning.text.clone()));
            }
            if let Some(signature) = &reasoning.signature {
                emit(Delta::Signature(signature.clone()));
            }
            if let Some(encrypted) = &reasoning.encrypted {
                emit(Delta::Encrypted(encrypted.clone()));
            }
        }
        Content::ToolResult(_) | Content::ProviderOnly(_) => {}
    }
}
