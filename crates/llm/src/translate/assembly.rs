//! A whole reply put together from its events: for the cache, and where a client wants no stream
//! of what a provider only streams.

use super::owned::{own, own_citation, own_json, own_logprob, own_signature};
use crate::chat::{
    ChatError, ChatEvent, ChatReply, Choice, Content, Delta, Media, Part, PartKind, ProviderOnly,
    ReasoningPart, Source, Text, TextPart, ToolCall, Usage,
};

/// No provider gives more answers; more would be a way to fill memory.
const CHOICES_MAX: usize = 128;

/// A reply under construction.
#[derive(Debug, Default)]
pub struct Assembly {
    reply: ChatReply<'static>,
    error: Option<ChatError>,
    is_whole: bool,
}

impl Assembly {
    /// Takes the next event.
    pub fn take(&mut self, event: &ChatEvent<'_>) {
        match event {
            ChatEvent::Start { id, model, created_s, service_class, fingerprint } => {
                self.reply.id = id.as_ref().map(own);
                self.reply.model = model.as_ref().map(own);
                self.reply.created_s = *created_s;
                self.reply.service_class = service_class.as_ref().map(own);
                self.reply.fingerprint = fingerprint.as_ref().map(own);
            }
            ChatEvent::PartStart { choice, kind, .. } => {
                self.choice(*choice).parts.push(started(kind));
            }
            ChatEvent::PartDelta { choice, part, delta } => {
                if let Some(part) = self.choice(*choice).parts.get_mut(*part as usize) {
                    add(&mut part.content, delta);
                }
            }
            ChatEvent::PartEnd { .. } => {}
            ChatEvent::Logprobs { choice, tokens } => {
                let list = self.choice(*choice).logprobs.get_or_insert_default();
                list.extend(tokens.iter().map(own_logprob));
            }
            ChatEvent::Finish { choice, finish, stop_text } => {
                let choice = self.choice(*choice);
                choice.finish = Some(*finish);
                choice.stop_text = stop_text.as_ref().map(own);
            }
            ChatEvent::Usage(usage) => {
                self.reply.usage.get_or_insert_with(Usage::default).merge(usage);
            }
            ChatEvent::Error(error) => self.error = Some(error.clone()),
            ChatEvent::End => self.is_whole = true,
        }
    }

    /// The reply.
    ///
    /// # Errors
    /// The failure that the stream ended with, or nothing where it just broke off.
    pub fn finish(self) -> Result<ChatReply<'static>, Option<ChatError>> {
        if self.is_whole && self.error.is_none() { Ok(self.reply) } else { Err(self.error) }
    }

    fn choice(&mut self, index: u32) -> &mut Choice<'static> {
        let index = (index as usize).min(CHOICES_MAX - 1);
        if self.reply.choices.len() <= index {
            self.reply.choices.resize(index + 1, Choice::default());
        }
        &mut self.reply.choices[index]
    }
}

fn started(kind: &PartKind<'_>) -> Part<'static> {
    let content = match kind {
        PartKind::Text => return Part::text(""),
        PartKind::Reasoning { id } => {
            let id = id.as_ref().map(own);
            Content::Reasoning(ReasoningPart { id, ..ReasoningPart::default() })
        }
        PartKind::Refusal => Content::Refusal(Text::default()),
        PartKind::ToolCall { id, name, is_free_form } => Content::ToolCall(ToolCall {
            id: own(id),
            name: own(name),
            arguments: Text::default(),
            is_free_form: *is_free_form,
            signature: None,
        }),
        PartKind::Media(kind) => {
            let source = Source::Bytes { media_type: Text::default(), base64: Text::default() };
            Content::Media(Media::new(*kind, source))
        }
        PartKind::ProviderOnly(part) => Content::ProviderOnly(ProviderOnly {
            maker: part.maker,
            kind: own(&part.kind),
            json: own_json(&part.json),
        }),
    };
    content.into()
}

/// Adds a delta to its part. One of another sort than its part breaks the reader's promise and adds
/// nothing.
fn add(content: &mut Content<'static>, delta: &Delta<'_>) {
    match (content, delta) {
        (Content::Text(TextPart { text, .. }) | Content::Refusal(text), Delta::Text(more)) => {
            text.to_mut().push_str(more);
        }
        (Content::Reasoning(reasoning), Delta::Text(more)) => {
            reasoning.text.to_mut().push_str(more);
        }
        (Content::ToolCall(call), Delta::Arguments(more)) => {
            call.arguments.to_mut().push_str(more);
        }
        (Content::Reasoning(reasoning), Delta::Signature(value)) => {
            reasoning.signature = Some(own_signature(value));
        }
        (Content::Reasoning(reasoning), Delta::Encrypted(value)) => {
            reasoning.encrypted = Some(own_signature(value));
        }
        (Content::ToolCall(call), Delta::Signature(value)) => {
            call.signature = Some(own_signature(value));
        }
        (Content::Text(text), Delta::Citation(citation)) => {
            text.citations.push(own_citation(citation));
        }
        (Content::Media(media), Delta::Bytes { media_type, base64, transcript }) => {
            if let Source::Bytes { media_type: its_type, base64: bytes } = &mut media.source {
                if let Some(media_type) = media_type {
                    *its_type = own(media_type);
                }
                bytes.to_mut().push_str(base64);
            }
            if let Some(more) = transcript {
                media.context.get_or_insert_default().to_mut().push_str(more);
            }
        }
        (Content::Media(media), Delta::Link { kind: _, url, media_type }) => {
            media.source = Source::Url { url: own(url), media_type: media_type.as_ref().map(own) };
        }
        _ => {}
    }
}
