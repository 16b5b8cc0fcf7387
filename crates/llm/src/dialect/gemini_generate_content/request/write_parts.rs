//! Parts written as those of contents. Replies have the same parts.

use std::collections::HashMap;

use super::super::grounding::Cited;
use super::super::text_so_far::TextSoFar;
use super::super::{media, signature};
use super::write_result::write_result;
use crate::chat::{
    Content, Maker, Media, MediaKind, Message, Part, ReasoningPart, Signature, Source, TextPart,
    ToolCall,
};
use crate::dialect::arguments;
use crate::json::Writer;

/// Who reads the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reads {
    /// Google, which takes back only what its own models signed.
    Provider {
        /// Whether media of a tool's result stands beside the result.
        media_beside: bool,
        /// Whether calls and results have their ids.
        has_ids: bool,
    },
    /// A client, which is shown all reasoning and keeps its signatures.
    Client,
}

/// The parts of one turn being written.
#[derive(Debug)]
pub(in super::super) struct Turn<'t> {
    reads: Reads,
    /// The names of all calls by their ids: results are to name the function.
    names: &'t HashMap<&'t str, &'t str>,
    has_called: bool,
    written: u64,
    pub(in super::super) cited: Vec<Cited<'t>>,
}

/// The names of calls by their ids.
pub(super) fn names<'m>(messages: &'m [Message<'_>]) -> HashMap<&'m str, &'m str> {
    let parts = messages.iter().flat_map(|message| &message.parts);
    let calls = parts.filter_map(|part| match &part.content {
        Content::ToolCall(call) => Some((call.id.as_ref(), call.name.as_ref())),
        _ => None,
    });
    calls.collect()
}

impl<'t> Turn<'t> {
    pub(in super::super) fn new(reads: Reads, names: &'t HashMap<&'t str, &'t str>) -> Self {
        Self { reads, names, has_called: false, written: 0, cited: Vec::new() }
    }

    /// Writes a part into an array that is open.
    pub(in super::super) fn write(&mut self, part: &'t Part<'_>, w: &mut Writer<'_>) {
        // What is kept in the cache goes by itself there, or is named as a whole.
        let Part { content, cache: _ } = part;
        match content {
            Content::Text(TextPart { text, citations }) => {
                if !citations.is_empty() && self.reads == Reads::Client {
                    let (part, so_far) = (self.written, TextSoFar::new(text));
                    let cited = citations.iter().map(|one| Cited::new(one, part, &so_far));
                    self.cited.extend(cited);
                }
                self.text(text, w);
            }
            Content::Json(json) => self.text(json.as_str(), w),
            Content::Refusal(text) => self.text(text, w),
            Content::Media(media) => self.media(media, w),
            Content::ToolCall(call) => {
                self.written += 1;
                let signature = self.signature_of(call);
                write_call(call, (self.id(&call.id), signature.as_deref()), w);
            }
            Content::ToolResult(result) => {
                self.written += 1;
                let media_beside = matches!(self.reads, Reads::Provider { media_beside: true, .. });
                let id = self.id(&result.call_id);
                write_result(result, (id, self.names), media_beside, w);
            }
            Content::Reasoning(reasoning) => self.reasoning(reasoning, w),
            Content::ProviderOnly(part) if part.maker == Maker::Google => {
                self.written += 1;
                w.json(part.json.as_str());
            }
            Content::ProviderOnly(_) => {}
        }
    }

    /// An id, where it is to be said.
    fn id<'i>(&self, id: &'i str) -> Option<&'i str> {
        let is_said = !matches!(self.reads, Reads::Provider { has_ids: false, .. });
        Some(id).filter(|id| is_said && !id.is_empty())
    }

    /// An empty text is an error there.
    fn text(&mut self, text: &str, w: &mut Writer<'_>) {
        if !text.is_empty() {
            self.written += 1;
            w.object(|w| w.key("text").text(text));
        }
    }

    /// What is to be known of a document stands before it; what is said in a sound, after it.
    fn media(&mut self, media: &Media<'_>, w: &mut Writer<'_>) {
        let Media { kind, source, title, context, detail: _, is_cited: _, facts } = media;
        if let Some(facts) = facts {
            return self.text(facts.as_str(), w);
        }
        let is_document = *kind == MediaKind::Document;
        if is_document {
            title.iter().chain(context).for_each(|text| self.text(text, w));
        }
        match source {
            Source::Text(text) => self.text(text, w),
            source => {
                self.written += 1;
                media::write(*kind, source, w);
            }
        }
        if !is_document {
            context.iter().for_each(|text| self.text(text, w));
        }
    }

    fn signature_of<'s>(&mut self, call: &'s ToolCall<'_>) -> Option<std::borrow::Cow<'s, str>> {
        let is_first = !std::mem::replace(&mut self.has_called, true);
        let is_provider = self.reads != Reads::Client;
        let signature = call.signature.as_ref();
        let read = signature.filter(|one| !is_provider || one.maker == Maker::Google);
        // Google wants one at the first call of each turn.
        let stand_in = (is_provider && is_first).then_some(signature::STAND_IN.into());
        read.map(|one| signature::write(one, false)).or(stand_in)
    }

    fn reasoning(&mut self, reasoning: &ReasoningPart<'_>, w: &mut Writer<'_>) {
        let ReasoningPart { text, signature, encrypted, id: _ } = reasoning;
        if self.reads == Reads::Client {
            if let Some(encrypted) = encrypted {
                self.written += 1;
                write_thought("", Some((encrypted, true)), w);
            }
            if signature.is_some() || !text.is_empty() {
                self.written += 1;
                write_thought(text, signature.as_ref().map(|one| (one, false)), w);
            }
            return;
        }
        let own = [encrypted, signature].into_iter().flatten();
        let Some(own) = own.into_iter().find(|one| one.maker == Maker::Google) else { return };
        self.written += 1;
        w.object(|w| {
            w.key("text").text(text);
            // Without words it is the signature of the text before.
            w.truth_field("thought", (!text.is_empty()).then_some(true));
            w.key("thoughtSignature").text(&own.value);
        });
    }
}

pub(in super::super) fn write_call(
    call: &ToolCall<'_>,
    (id, signature): (Option<&str>, Option<&str>),
    w: &mut Writer<'_>,
) {
    let ToolCall { id: _, name, arguments, is_free_form: _, signature: _ } = call;
    w.object(|w| {
        w.key("functionCall").object(|w| {
            w.text_field("id", id);
            w.key("name").text(name);
            w.key("args");
            arguments::write_object(arguments, w);
        });
        w.text_field("thoughtSignature", signature);
    });
}

/// A thought for a client, with its signature, or with the thought itself as only its maker reads
/// it.
pub(in super::super) fn write_thought(
    text: &str,
    signature: Option<(&Signature<'_>, bool)>,
    w: &mut Writer<'_>,
) {
    w.object(|w| {
        w.key("text").text(text);
        w.key("thought").truth(true);
        if let Some((signature, is_thought)) = signature {
            w.key("thoughtSignature").text(&signature::write(signature, is_thought));
        }
    });
}
