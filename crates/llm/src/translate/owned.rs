//! Borrowed parts of an event made to last longer than it.
//!
//! Only the assembly and the mock need that; translation never copies.

use crate::chat::{
    ChatEvent, Citation, Delta, Json, PartKind, ProviderOnly, Signature, Text, TokenLogprob,
};

/// The same event with its own texts.
pub(crate) fn own_event(event: &ChatEvent<'_>) -> ChatEvent<'static> {
    match event {
        ChatEvent::Start { id, model, created_s, service_class, fingerprint } => ChatEvent::Start {
            id: id.as_ref().map(own),
            model: model.as_ref().map(own),
            created_s: *created_s,
            service_class: service_class.as_ref().map(own),
            fingerprint: fingerprint.as_ref().map(own),
        },
        ChatEvent::PartStart { choice, part, kind } => {
            ChatEvent::PartStart { choice: *choice, part: *part, kind: own_kind(kind) }
        }
        ChatEvent::PartDelta { choice, part, delta } => {
            ChatEvent::PartDelta { choice: *choice, part: *part, delta: own_delta(delta) }
        }
        ChatEvent::PartEnd { choice, part } => ChatEvent::PartEnd { choice: *choice, part: *part },
        ChatEvent::Logprobs { choice, tokens } => ChatEvent::Logprobs {
            choice: *choice,
            tokens: tokens.iter().map(own_logprob).collect(),
        },
        ChatEvent::Finish { choice, finish, stop_text } => ChatEvent::Finish {
            choice: *choice,
            finish: *finish,
            stop_text: stop_text.as_ref().map(own),
        },
        ChatEvent::Usage(usage) => ChatEvent::Usage(*usage),
        ChatEvent::Error(error) => ChatEvent::Error(error.clone()),
        ChatEvent::End => ChatEvent::End,
    }
}

fn own_kind(kind: &PartKind<'_>) -> PartKind<'static> {
    match kind {
        PartKind::Text => PartKind::Text,
        PartKind::Reasoning { id } => PartKind::Reasoning { id: id.as_ref().map(own) },
        PartKind::Refusal => PartKind::Refusal,
        PartKind::ToolCall { id, name, is_free_form } => {
            PartKind::ToolCall { id: own(id), name: own(name), is_free_form: *is_free_form }
        }
        PartKind::Media(kind) => PartKind::Media(*kind),
        PartKind::ProviderOnly(part) => PartKind::ProviderOnly(ProviderOnly {
            maker: part.maker,
            kind: own(&part.kind),
            json: own_json(&part.json),
        }),
    }
}

fn own_delta(delta: &Delta<'_>) -> Delta<'static> {
    match delta {
        Delta::Text(text) => Delta::Text(own(text)),
        Delta::Arguments(text) => Delta::Arguments(own(text)),
        Delta::Signature(signature) => Delta::Signature(own_signature(signature)),
        Delta::Encrypted(signature) => Delta::Encrypted(own_signature(signature)),
        Delta::Citation(citation) => Delta::Citation(own_citation(citation)),
        Delta::Bytes { media_type, base64, transcript } => Delta::Bytes {
            media_type: media_type.as_ref().map(own),
            base64: own(base64),
            transcript: transcript.as_ref().map(own),
        },
        Delta::Link { kind, url, media_type } => {
            Delta::Link { kind: *kind, url: own(url), media_type: media_type.as_ref().map(own) }
        }
    }
}

pub(super) fn own(text: &Text<'_>) -> Text<'static> {
    Text::Owned(text.as_ref().to_owned())
}

pub(super) fn own_json(json: &Json<'_>) -> Json<'static> {
    Json::from_valid(json.as_str().to_owned())
}

pub(super) fn own_signature(signature: &Signature<'_>) -> Signature<'static> {
    Signature { maker: signature.maker, value: own(&signature.value) }
}

pub(super) fn own_logprob(token: &TokenLogprob<'_>) -> TokenLogprob<'static> {
    TokenLogprob {
        token: own(&token.token),
        logprob: token.logprob.clone().into_owned(),
        bytes: token.bytes.as_ref().map(own_json),
        top: token.top.iter().map(own_logprob).collect(),
    }
}

pub(super) fn own_citation(citation: &Citation<'_>) -> Citation<'static> {
    Citation {
        url: citation.url.as_ref().map(own),
        title: citation.title.as_ref().map(own),
        cited_text: citation.cited_text.as_ref().map(own),
        document: citation.document,
        source_id: citation.source_id.as_ref().map(own),
        source_span: citation.source_span,
        text_span: citation.text_span,
    }
}
