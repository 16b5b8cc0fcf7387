//! What OpenAI Chat makes of every field.

use crate::chat::{ChatRequest, Citation, Effort};
use crate::dialect::Quirks;
use crate::dialect::quirks::DRAWS_ITSELF;
use crate::field::{Field, FieldSet, ReplyField, Say, left_out};

pub(in crate::dialect) fn request(field: Field, quirks: &Quirks) -> Say {
    use Field as F;
    match field {
        _ if quirks.refuses(field) => Say::Dropped(DRAWS_ITSELF),
        F::SystemText | F::SystemLater | F::UserText | F::AssistantText | F::ParticipantName => {
            Say::Carried
        }
        F::DeveloperRole if quirks.lacks_developer_role => Say::Near("as system text"),
        F::DeveloperRole => Say::Carried,
        F::ImageBytes | F::ImageUrl | F::ImageDetail => Say::Carried,
        F::DocumentBytes | F::DocumentFile | F::AudioBytes => Say::Carried,
        F::DocumentText => Say::Near("as text"),
        F::DocumentTitle => Say::Near("as the name of a file, or before the text"),
        F::DocumentContext => Say::Dropped("documents have no context"),
        F::DocumentCited => Say::Dropped("answers cite nothing of the request"),
        F::DocumentFacts => Say::Near("as text"),
        F::ImageFile => Say::Refused("images are sent as bytes or links"),
        F::DocumentUrl => Say::Refused("documents are sent as bytes or file ids"),
        F::AudioUrl => Say::Refused("audio is sent as bytes"),
        F::VideoBytes | F::VideoUrl => Say::Refused("video cannot be sent"),
        F::ToolCall | F::ToolCallFreeForm | F::ToolResult | F::Refusal => Say::Carried,
        F::ToolResultImage | F::ToolResultDocument => {
            Say::Near("in a message of the user after the results")
        }
        F::ToolResultError => Say::Dropped("that a tool failed is told by its text alone"),
        F::ReasoningText | F::ReasoningSignature | F::ReasoningEncrypted | F::ToolCallSignature => {
            if quirks.takes_reasoning {
                Say::Carried
            } else {
                Say::Dropped("earlier reasoning is not sent back")
            }
        }
        F::Citations => Say::Dropped("earlier text has no citations"),
        F::ProviderPart => Say::Refused("it is another provider's own"),
        F::CacheMark | F::CacheMarkTime | F::CacheAutomatic => {
            Say::Dropped("the provider caches by itself")
        }
        F::CacheKey | F::CacheRetention => Say::Carried,
        F::CacheContent => Say::Refused("nothing can be put into the cache before"),
        F::Tools | F::ToolStrict | F::ToolFreeForm | F::WebSearch => Say::Carried,
        F::ProviderTool => Say::Refused("it is another provider's own"),
        F::ToolChoiceAuto | F::ToolChoiceNone | F::ToolChoiceRequired => Say::Carried,
        F::ToolChoiceNamed | F::ToolChoiceAllowed => Say::Carried,
        F::ToolsParallel | F::ToolsSerial => Say::Carried,
        F::TokensMax
        | F::Stop
        | F::FormatJson
        | F::FormatSchema
        | F::FormatName
        | F::FormatDescription
        | F::Choices => Say::Carried,
        F::Logprobs | F::LogprobsTop | F::Verbosity => Say::Carried,
        F::AudioOutput | F::AudioFormat | F::ImageOutput | F::Prediction => Say::Carried,
        F::Temperature | F::TopP | F::FrequencyPenalty | F::PresencePenalty => Say::Carried,
        F::TopK | F::MinP | F::RepetitionPenalty => {
            if quirks.takes_more_sampling {
                Say::Carried
            } else {
                Say::Dropped("tokens are drawn by temperature and top_p only")
            }
        }
        F::Seed | F::LogitBias | F::ReasoningEffort => Say::Carried,
        F::ReasoningTokens => Say::Near("as effort in words"),
        F::ReasoningAdaptive => Say::Dropped("the model does so by itself"),
        F::ReasoningShown => Say::Dropped("reasoning is not shown"),
        F::User | F::Metadata | F::ServiceClass | F::Store => Say::Carried,
        F::PreviousReply => Say::Refused("earlier answers do not live there"),
        F::Conversation | F::StoredPrompt => Say::Refused("it does not live there"),
        F::Background => Say::Refused("answers are given at once"),
        F::Safety => Say::Refused("filters have no such settings"),
        F::SafetyOff => Say::Dropped("there are no such filters to turn off"),
        F::ProviderOption => Say::Refused("it is one provider's own"),
    }
}

pub(in crate::dialect) fn left_out(request: &ChatRequest<'_>, _quirks: &Quirks) -> FieldSet<Field> {
    left_out::of_effort(request, &[Effort::Max])
}

pub(in crate::dialect) fn reply(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Id | F::Model | F::Created | F::Text | F::Reasoning | F::Refusal => Say::Carried,
        F::ReasoningSignature | F::ReasoningEncrypted => Say::Carried,
        F::ToolCall | F::ToolCallSignature | F::ToolCallFreeForm => Say::Carried,
        F::Citations => Say::Near("those with links"),
        F::Audio | F::Image | F::Choices => Say::Carried,
        F::ProviderPart => Say::Dropped("it is another provider's own"),
        F::FinishStop | F::FinishLength | F::FinishToolCalls | F::FinishFiltered => Say::Carried,
        F::FinishStopText => Say::Near("as stop"),
        F::StopText => Say::Dropped("which stop text came is not told"),
        F::FinishContext => Say::Near("as length"),
        F::FinishRefusal => Say::Near("as stop, with the refusal"),
        F::FinishPaused => Say::Near("as stop"),
        F::FinishFailed => Say::Carried,
        F::Logprobs | F::Usage | F::UsageCacheRead | F::UsageReasoning => Say::Carried,
        F::UsageCacheWrite | F::UsageAudio | F::UsageImage => Say::Carried,
        F::UsageCacheWrite1h => Say::Near("with other tokens to the cache"),
        F::UsageSearches => Say::Carried,
        F::UsageBilled => Say::Dropped("what is charged is not told apart"),
        F::ServiceClass | F::Fingerprint => Say::Carried,
    }
}

/// A citation is a link.
pub(in crate::dialect) fn cites(citation: &Citation<'_>) -> bool {
    citation.url.is_some()
}
