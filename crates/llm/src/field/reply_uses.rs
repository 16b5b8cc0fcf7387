//! Which fields a reply uses: one walk over the form, the same for all dialects; of a stream, one
//! look at each of its events.

use super::{FieldSet, ReplyField};
use crate::chat::{
    ChatEvent, ChatReply, Choice, Content, Delta, Finish, MediaKind, Part, PartKind, Usage,
};

type Fields = FieldSet<ReplyField>;

/// The fields that a reply uses.
#[must_use]
pub fn reply_fields(reply: &ChatReply<'_>) -> FieldSet<ReplyField> {
    let ChatReply { id, model, created_s, choices, usage, service_class, fingerprint } = reply;
    let mut fields = Fields::default();
    fields.add_if(ReplyField::Id, id.is_some());
    fields.add_if(ReplyField::Model, model.is_some());
    fields.add_if(ReplyField::Created, created_s.is_some());
    fields.add_if(ReplyField::Choices, choices.len() > 1);
    fields.add_if(ReplyField::ServiceClass, service_class.is_some());
    fields.add_if(ReplyField::Fingerprint, fingerprint.is_some());
    for Choice { parts, finish, stop_text, logprobs } in choices {
        for one in parts {
            part(one, &mut fields);
        }
        if let Some(finish) = finish {
            fields.add(ReplyField::of_finish(*finish));
        }
        fields.add_if(ReplyField::StopText, stop_text.is_some());
        fields.add_if(ReplyField::Logprobs, logprobs.is_some());
    }
    if let Some(usage) = usage {
        used(usage, &mut fields);
    }
    fields
}

impl ReplyField {
    /// The field of a way to end.
    #[must_use]
    pub fn of_finish(finish: Finish) -> Self {
        match finish {
            Finish::Stop => Self::FinishStop,
            Finish::StopText => Self::FinishStopText,
            Finish::Length => Self::FinishLength,
            Finish::ContextFull => Self::FinishContext,
            Finish::ToolCalls => Self::FinishToolCalls,
            Finish::Filtered => Self::FinishFiltered,
            Finish::Refusal => Self::FinishRefusal,
            Finish::Paused => Self::FinishPaused,
            Finish::Failed => Self::FinishFailed,
        }
    }

    /// The field of media.
    #[must_use]
    pub fn of_media(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Image => Self::Image,
            MediaKind::Document | MediaKind::Audio | MediaKind::Video => Self::Audio,
        }
    }
}

fn part(Part { content, cache: _ }: &Part<'_>, fields: &mut Fields) {
    match content {
        Content::Text(text) => {
            fields.add_if(ReplyField::Text, !text.text.is_empty());
            fields.add_if(ReplyField::Citations, !text.citations.is_empty());
        }
        Content::Json(_) => fields.add(ReplyField::Text),
        Content::Media(media) => fields.add(ReplyField::of_media(media.kind)),
        Content::ToolCall(call) => {
            let free_form = ReplyField::ToolCallFreeForm;
            fields.add(if call.is_free_form { free_form } else { ReplyField::ToolCall });
            fields.add_if(ReplyField::ToolCallSignature, call.signature.is_some());
        }
        Content::Reasoning(reasoning) => {
            fields.add_if(ReplyField::Reasoning, !reasoning.text.is_empty());
            fields.add_if(ReplyField::ReasoningSignature, reasoning.signature.is_some());
            fields.add_if(ReplyField::ReasoningEncrypted, reasoning.encrypted.is_some());
        }
        Content::Refusal(_) => fields.add(ReplyField::Refusal),
        Content::ToolResult(_) | Content::ProviderOnly(_) => fields.add(ReplyField::ProviderPart),
    }
}

/// The fields that a stream uses, gathered as its events come.
#[derive(Debug, Default)]
pub struct StreamUses {
    fields: Fields,
    /// The parts that are open, by answer and place; mostly one.
    open: Vec<(u32, u32, Sort)>,
}

/// What a part is, as far as its deltas do not say it.
#[derive(Clone, Copy, Debug)]
enum Sort {
    Text,
    Reasoning,
    Call,
    Other,
}

impl StreamUses {
    /// Looks at the next event.
    pub fn see(&mut self, event: &ChatEvent<'_>) {
        let fields = &mut self.fields;
        match event {
            ChatEvent::Start { id, model, created_s, service_class, fingerprint } => {
                fields.add_if(ReplyField::Id, id.is_some());
                fields.add_if(ReplyField::Model, model.is_some());
                fields.add_if(ReplyField::Created, created_s.is_some());
                fields.add_if(ReplyField::ServiceClass, service_class.is_some());
                fields.add_if(ReplyField::Fingerprint, fingerprint.is_some());
            }
            ChatEvent::PartStart { choice, part, kind } => {
                fields.add_if(ReplyField::Choices, *choice > 0);
                self.open.push((*choice, *part, begun(kind, fields)));
            }
            ChatEvent::PartDelta { choice, part, delta } => {
                let mut open = self.open.iter();
                let sort = open.find(|open| (open.0, open.1) == (*choice, *part));
                added(delta, sort.map_or(Sort::Other, |open| open.2), fields);
            }
            ChatEvent::PartEnd { choice, part } => {
                self.open.retain(|open| (open.0, open.1) != (*choice, *part));
            }
            ChatEvent::Logprobs { .. } => fields.add(ReplyField::Logprobs),
            ChatEvent::Finish { choice, finish, stop_text } => {
                fields.add_if(ReplyField::Choices, *choice > 0);
                fields.add(ReplyField::of_finish(*finish));
                fields.add_if(ReplyField::StopText, stop_text.is_some());
            }
            ChatEvent::Usage(usage) => used(usage, fields),
            ChatEvent::Error(_) | ChatEvent::End => {}
        }
    }

    /// The fields that it has used so far.
    #[must_use]
    pub fn fields(&self) -> FieldSet<ReplyField> {
        self.fields
    }
}

fn begun(kind: &PartKind<'_>, fields: &mut Fields) -> Sort {
    match kind {
        // What has no word in it says nothing.
        PartKind::Text => Sort::Text,
        PartKind::Reasoning { id: _ } => Sort::Reasoning,
        PartKind::Refusal => {
            fields.add(ReplyField::Refusal);
            Sort::Other
        }
        PartKind::ToolCall { id: _, name: _, is_free_form } => {
            let free_form = ReplyField::ToolCallFreeForm;
            fields.add(if *is_free_form { free_form } else { ReplyField::ToolCall });
            Sort::Call
        }
        PartKind::Media(kind) => {
            fields.add(ReplyField::of_media(*kind));
            Sort::Other
        }
        PartKind::ProviderOnly(_) => {
            fields.add(ReplyField::ProviderPart);
            Sort::Other
        }
    }
}

fn added(delta: &Delta<'_>, sort: Sort, fields: &mut Fields) {
    match (delta, sort) {
        (Delta::Text(text), Sort::Text) => fields.add_if(ReplyField::Text, !text.is_empty()),
        (Delta::Text(text), Sort::Reasoning) => {
            fields.add_if(ReplyField::Reasoning, !text.is_empty());
        }
        (Delta::Text(_) | Delta::Arguments(_) | Delta::Bytes { .. } | Delta::Link { .. }, _) => {}
        (Delta::Signature(_), Sort::Call) => fields.add(ReplyField::ToolCallSignature),
        (Delta::Signature(_), _) => fields.add(ReplyField::ReasoningSignature),
        (Delta::Encrypted(_), _) => fields.add(ReplyField::ReasoningEncrypted),
        (Delta::Citation(_), _) => fields.add(ReplyField::Citations),
    }
}

fn used(usage: &Usage, fields: &mut Fields) {
    fields.add(ReplyField::Usage);
    fields.add_if(ReplyField::UsageCacheRead, usage.cache_read > 0);
    fields.add_if(ReplyField::UsageCacheWrite, usage.cache_write > 0);
    fields.add_if(ReplyField::UsageCacheWrite1h, usage.cache_write_1h > 0);
    fields.add_if(ReplyField::UsageReasoning, usage.reasoning > 0);
    fields.add_if(ReplyField::UsageAudio, usage.input_audio + usage.output_audio > 0);
    fields.add_if(ReplyField::UsageImage, usage.input_image + usage.output_image > 0);
    fields.add_if(ReplyField::UsageSearches, usage.searches > 0);
    let billed = usage.billed_input.or(usage.billed_output);
    fields.add_if(ReplyField::UsageBilled, billed.is_some());
}
