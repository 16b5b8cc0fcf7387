//! Which fields a reply uses: one walk over the form, the same for all dialects.

use super::{FieldSet, ReplyField};
use crate::chat::{ChatReply, Choice, Content, Finish, MediaKind, Part, Usage};

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
}

fn part(Part { content, cache: _ }: &Part<'_>, fields: &mut Fields) {
    match content {
        Content::Text(text) => {
            fields.add_if(ReplyField::Text, !text.text.is_empty());
            fields.add_if(ReplyField::Citations, !text.citations.is_empty());
        }
        Content::Json(_) => fields.add(ReplyField::Text),
        Content::Media(media) if media.kind == MediaKind::Image => fields.add(ReplyField::Image),
        Content::Media(_) => fields.add(ReplyField::Audio),
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

fn used(usage: &Usage, fields: &mut Fields) {
    fields.add(ReplyField::Usage);
    fields.add_if(ReplyField::UsageCacheRead, usage.cache_read > 0);
    fields.add_if(ReplyField::UsageCacheWrite, usage.cache_write > 0);
    fields.add_if(ReplyField::UsageCacheWrite1h, usage.cache_write_1h > 0);
    fields.add_if(ReplyField::UsageReasoning, usage.reasoning > 0);
    fields.add_if(ReplyField::UsageAudio, usage.input_audio + usage.output_audio > 0);
    fields.add_if(ReplyField::UsageImage, usage.input_image + usage.output_image > 0);
    let billed = usage.billed_input.or(usage.billed_output);
    fields.add_if(ReplyField::UsageBilled, billed.is_some());
}
