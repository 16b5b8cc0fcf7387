//! What Bedrock Converse makes of every field.

use crate::chat::{ChatRequest, Citation, Effort};
use crate::dialect::anthropic_messages::thinking::Thinking;
use crate::dialect::quirks::DRAWS_ITSELF;
use crate::dialect::{Quirks, anthropic_messages};
use crate::field::{Field, FieldSet, ReplyField, Say, left_out};

pub(in crate::dialect) fn request(field: Field, quirks: &Quirks) -> Say {
    use Field as F;
    match field {
        _ if quirks.refuses(field) => Say::Dropped(DRAWS_ITSELF),
        F::SystemText | F::UserText | F::AssistantText => Say::Carried,
        F::SystemLater => Say::Near("with the system text before the conversation"),
        F::DeveloperRole => Say::Near("as system text"),
        F::ParticipantName => Say::Dropped("participants have no names"),
        F::ImageBytes | F::DocumentBytes | F::AudioBytes | F::VideoBytes => Say::Carried,
        F::ImageUrl | F::DocumentUrl | F::AudioUrl | F::VideoUrl => {
            Say::Refused("links are not followed: media is sent as bytes")
        }
        F::ImageFile | F::DocumentFile => Say::Refused("files do not live there"),
        F::ImageDetail => Say::Dropped("the model looks as closely as it does"),
        F::DocumentText | F::DocumentContext | F::DocumentCited => Say::Carried,
        F::DocumentTitle => Say::Near("in letters, digits, blanks, hyphens and brackets"),
        F::DocumentFacts => Say::Near("as text"),
        F::ToolCall | F::ToolResult | F::ToolResultImage | F::ToolResultDocument => Say::Carried,
        F::ToolResultError => Say::Carried,
        F::ToolCallSignature => Say::Dropped("only its maker reads it"),
        F::ToolCallFreeForm | F::ToolFreeForm => Say::Refused("tools take named arguments"),
        F::ReasoningText | F::ReasoningSignature | F::ReasoningEncrypted => {
            Say::Near("what Claude thought and signed; others' is left out")
        }
        F::Refusal => Say::Near("as text"),
        F::Citations => Say::Carried,
        F::WebSearch => {
            Say::Refused("a search of the web is asked for in other words, or not at all")
        }
        F::ProviderPart | F::ProviderTool => Say::Refused("it is one provider's own"),
        F::CacheMark | F::CacheMarkTime => Say::Carried,
        F::CacheAutomatic => Say::Near("as a mark at the end of the prompt"),
        F::CacheKey | F::CacheRetention => Say::Dropped("the cache goes by marks in the prompt"),
        F::CacheContent => Say::Refused("nothing can be put into the cache before"),
        F::Tools | F::ToolStrict => Say::Carried,
        F::ToolChoiceAuto | F::ToolChoiceRequired | F::ToolChoiceNamed => Say::Carried,
        F::ToolChoiceNone => Say::Near("no tools are described, and calls are told as text"),
        F::ToolChoiceAllowed => Say::Near("the other tools are left out"),
        F::ToolsParallel | F::ToolsSerial => {
            Say::Dropped("the model decides how many tools it calls at once")
        }
        F::TokensMax | F::Stop | F::FormatSchema => Say::Carried,
        F::FormatName | F::FormatDescription => Say::Carried,
        F::FormatJson => Say::Near("as an instruction at the end of the system text"),
        F::Choices => Say::Refused("there is one answer a request"),
        F::Logprobs | F::LogprobsTop => Say::Dropped("log probabilities are not told"),
        F::Verbosity => Say::Dropped("the prompt says how wordy the answer is"),
        F::AudioOutput | F::AudioFormat | F::ImageOutput => {
            Say::Refused("the model gives what it gives")
        }
        F::Prediction => Say::Dropped("it only makes answers faster"),
        F::Temperature | F::TopP => Say::Carried,
        F::TopK if quirks.takes_claude_fields => Say::Carried,
        F::TopK | F::MinP | F::FrequencyPenalty | F::PresencePenalty | F::RepetitionPenalty => {
            Say::Dropped("tokens are drawn by temperature and top_p only")
        }
        F::Seed => Say::Dropped("there are no seeds"),
        F::LogitBias => Say::Refused("tokens have no bias"),
        F::ReasoningEffort | F::ReasoningTokens | F::ReasoningAdaptive | F::ReasoningShown => {
            reasoning(field, quirks)
        }
        F::User => Say::Dropped("who the end user is cannot be said"),
        F::Metadata => Say::Carried,
        F::ServiceClass => Say::Near("default, flex, priority or reserved"),
        F::Store => Say::Dropped("answers are not kept"),
        F::PreviousReply => Say::Refused("earlier answers do not live there"),
        F::Conversation | F::StoredPrompt => Say::Refused("it does not live there"),
        F::Background => Say::Refused("answers are given at once"),
        F::Safety => Say::Refused("filters have no such settings"),
        F::SafetyOff => Say::Dropped("there are no such filters to turn off"),
        F::ProviderOption => Say::Refused("it is one provider's own"),
    }
}

/// The dialect has no word for it; Claude has, in its own fields.
fn reasoning(field: Field, quirks: &Quirks) -> Say {
    if !quirks.takes_claude_fields {
        return Say::Dropped("how much the model reasons is said in its own fields");
    }
    match (field, quirks.reasoning_by_effort) {
        (Field::ReasoningEffort, false) => Say::Near("as tokens of reasoning"),
        (Field::ReasoningTokens, true) => Say::Near("as effort in words"),
        (Field::ReasoningShown, _) => Say::Near("shown or not"),
        _ => Say::Carried,
    }
}

pub(in crate::dialect) fn left_out(request: &ChatRequest<'_>, quirks: &Quirks) -> FieldSet<Field> {
    let is_by_effort = quirks.takes_claude_fields && quirks.reasoning_by_effort;
    let lacks: &[Effort] = if is_by_effort { &[Effort::Minimal] } else { &[] };
    let classes = ["auto", "default", "flex", "priority", "reserved"];
    left_out::of_thoughts(request, anthropic_messages::says::taken)
        .with(left_out::of_effort(request, lacks))
        .with(left_out::of_service_class(request, &classes))
        .with(quirks.dropped_beside(&request.sampling))
        .with(Thinking::of(request, quirks).left_out(request, quirks))
}

pub(in crate::dialect) fn reply(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Id => Say::Dropped("the id of the request stands in a header"),
        F::Model => Say::Dropped("it is the one in the path"),
        F::Created => Say::Dropped("the time is not told"),
        F::Text | F::Reasoning | F::ReasoningSignature | F::ReasoningEncrypted => Say::Carried,
        F::Refusal => Say::Near("as text"),
        F::ToolCall | F::Citations | F::Image => Say::Carried,
        F::ToolCallSignature => Say::Carried,
        F::ToolCallFreeForm => Say::Near("as a named argument"),
        F::Audio => Say::Dropped("the output is text and images"),
        F::ProviderPart => Say::Dropped("it is another provider's own"),
        F::Choices => Say::Dropped("there is one answer a reply"),
        F::FinishStop | F::FinishStopText | F::FinishLength | F::FinishContext => Say::Carried,
        F::FinishToolCalls | F::FinishFiltered | F::FinishFailed => Say::Carried,
        F::FinishRefusal => Say::Near("as filtered"),
        F::FinishPaused => Say::Near("as complete"),
        F::StopText => Say::Dropped("which stop text came is not told"),
        F::Logprobs => Say::Dropped("log probabilities are not told"),
        F::Usage | F::UsageCacheRead | F::UsageCacheWrite | F::UsageCacheWrite1h => Say::Carried,
        F::UsageReasoning | F::UsageAudio | F::UsageImage => Say::Near("with other tokens"),
        F::UsageSearches => Say::Dropped("no searches are made"),
        F::UsageBilled => Say::Dropped("what is charged is not told apart"),
        F::ServiceClass => Say::Near("at the end of a stream, too late to be passed on"),
        F::Fingerprint => Say::Dropped("the configuration is not told"),
    }
}

/// There is a form for every citation.
pub(in crate::dialect) fn cites(_citation: &Citation<'_>) -> bool {
    true
}
