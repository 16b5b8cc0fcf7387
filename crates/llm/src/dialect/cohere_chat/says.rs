//! What Cohere's chat makes of every field.

use crate::chat::{ChatRequest, Citation, Media, MediaKind, Source};
use crate::dialect::{Quirks, described};
use crate::field::{Field, FieldSet, ReplyField, Say, left_out};

pub(in crate::dialect) fn request(field: Field, _quirks: &Quirks) -> Say {
    use Field as F;
    match field {
        F::SystemText | F::SystemLater | F::UserText | F::AssistantText => Say::Carried,
        F::DeveloperRole => Say::Near("as system text"),
        F::ParticipantName => Say::Dropped("participants have no names"),
        F::ImageBytes | F::ImageUrl | F::ImageDetail => Say::Carried,
        F::ImageFile => Say::Refused("images are sent as bytes or links"),
        F::DocumentText | F::DocumentTitle | F::DocumentContext | F::DocumentCited => Say::Carried,
        F::DocumentFacts => Say::Carried,
        F::DocumentBytes | F::DocumentUrl | F::DocumentFile => {
            Say::Refused("documents are sent as text or data")
        }
        F::AudioBytes | F::AudioUrl => Say::Refused("audio cannot be sent"),
        F::VideoBytes | F::VideoUrl => Say::Refused("video cannot be sent"),
        F::ToolCall | F::ToolResult | F::ReasoningText | F::Citations => Say::Carried,
        F::ToolResultImage => Say::Near("in a message of the user after the results"),
        F::ToolResultDocument => Say::Near("as data of the result"),
        F::ToolResultError => Say::Dropped("that a tool failed is told by its text alone"),
        F::ToolCallSignature => Say::Dropped("only its maker reads it"),
        F::ToolCallFreeForm | F::ToolFreeForm => Say::Refused("tools take named arguments"),
        F::ReasoningSignature | F::ReasoningEncrypted => {
            Say::Dropped("reasoning goes back as its text alone")
        }
        F::Refusal => Say::Near("as text"),
        F::WebSearch => {
            Say::Refused("a search of the web is asked for in other words, or not at all")
        }
        F::ProviderPart | F::ProviderTool => Say::Refused("it is one provider's own"),
        F::CacheMark | F::CacheMarkTime | F::CacheAutomatic | F::CacheKey | F::CacheRetention => {
            Say::Dropped("the provider caches by itself")
        }
        F::CacheContent => Say::Refused("nothing can be put into the cache before"),
        F::Tools | F::ToolChoiceNone | F::ToolChoiceRequired => Say::Carried,
        F::ToolStrict => Say::Near("for all tools at once"),
        F::ToolChoiceAuto => Say::Near("as it is without a word"),
        F::ToolChoiceNamed => Say::Near("some tool, the others being left out"),
        F::ToolChoiceAllowed => Say::Near("the other tools are left out"),
        F::ToolsParallel | F::ToolsSerial => {
            Say::Dropped("the model decides how many tools it calls at once")
        }
        F::TokensMax | F::Stop | F::FormatJson | F::FormatSchema | F::Logprobs => Say::Carried,
        F::FormatName => Say::Dropped("schemas have no names"),
        F::FormatDescription => Say::Near("as the description within the schema"),
        F::LogprobsTop => Say::Dropped("log probabilities of other tokens are not told"),
        F::Choices => Say::Refused("there is one answer a request"),
        F::Verbosity => Say::Dropped("the prompt says how wordy the answer is"),
        F::AudioOutput | F::AudioFormat | F::ImageOutput => Say::Refused("the output is text"),
        F::Prediction => Say::Dropped("it only makes answers faster"),
        F::Temperature | F::TopP | F::TopK | F::Seed => Say::Carried,
        F::FrequencyPenalty | F::PresencePenalty => Say::Carried,
        F::MinP | F::RepetitionPenalty => {
            Say::Dropped("tokens are drawn by temperature, p, k and two penalties")
        }
        F::LogitBias => Say::Refused("tokens have no bias"),
        F::ReasoningTokens | F::ReasoningAdaptive => Say::Carried,
        F::ReasoningEffort => Say::Near("as tokens of reasoning"),
        F::ReasoningShown => Say::Dropped("reasoning is always shown"),
        F::User => Say::Dropped("who the end user is cannot be said"),
        F::Metadata => Say::Dropped("there are no notes"),
        F::ServiceClass => Say::Dropped("requests have a number for it, and no class"),
        F::Store => Say::Dropped("answers are not kept"),
        F::PreviousReply => Say::Refused("earlier answers do not live there"),
        F::Conversation | F::StoredPrompt => Say::Refused("it does not live there"),
        F::Background => Say::Refused("answers are given at once"),
        F::Safety => Say::Refused("filters have no such settings"),
        F::SafetyOff => Say::Dropped("there are no such filters to turn off"),
        F::ProviderOption => Say::Refused("it is one provider's own"),
    }
}

pub(in crate::dialect) fn left_out(request: &ChatRequest<'_>, _quirks: &Quirks) -> FieldSet<Field> {
    // What a tool gives is text or data; its images come behind it.
    let is_taken = |media: &Media<'_>| {
        media.kind == MediaKind::Image || matches!(media.source, Source::Text(_))
    };
    left_out::of_effort_beside_tokens(request)
        .with(left_out::of_result_media(request, is_taken))
        .with(left_out::of_description(request, described::takes))
}

pub(in crate::dialect) fn reply(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Id | F::Text | F::Reasoning | F::ReasoningSignature | F::ToolCall => Say::Carried,
        F::Model => Say::Dropped("it is the one asked for"),
        F::Created => Say::Dropped("the time is not told"),
        F::ReasoningEncrypted => Say::Dropped("reasoning is text"),
        F::Refusal => Say::Near("as text"),
        F::ToolCallSignature => Say::Dropped("calls have no signatures"),
        F::ToolCallFreeForm => Say::Near("as a named argument"),
        F::Citations | F::Logprobs => Say::Carried,
        F::Audio | F::Image => Say::Dropped("the output is text"),
        F::ProviderPart => Say::Dropped("it is another provider's own"),
        F::Choices => Say::Dropped("there is one answer a reply"),
        F::FinishStop | F::FinishStopText | F::FinishLength | F::FinishToolCalls => Say::Carried,
        F::FinishFailed => Say::Carried,
        F::FinishContext => Say::Near("as limit of the output"),
        F::FinishFiltered => Say::Near("as failed"),
        F::FinishRefusal | F::FinishPaused => Say::Near("as complete"),
        F::StopText => Say::Dropped("which stop text came is not told"),
        F::Usage | F::UsageCacheRead | F::UsageReasoning | F::UsageBilled => Say::Carried,
        F::UsageSearches => Say::Carried,
        F::UsageCacheWrite | F::UsageCacheWrite1h | F::UsageAudio | F::UsageImage => {
            Say::Near("with other tokens")
        }
        F::ServiceClass => Say::Dropped("there are no classes of service"),
        F::Fingerprint => Say::Dropped("the configuration is not told"),
    }
}

/// There is a form for every citation.
pub(in crate::dialect) fn cites(_citation: &Citation<'_>) -> bool {
    true
}
