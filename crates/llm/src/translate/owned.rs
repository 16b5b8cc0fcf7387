//! Borrowed parts of an event made to last longer than it.
//!
//! Only the assembly needs that; translation never copies.

use crate::chat::{Citation, Json, Signature, Text, TokenLogprob};

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
