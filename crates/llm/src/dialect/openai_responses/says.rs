//! What OpenAI Responses make of every field.

use super::item;
use crate::chat::{ChatRequest, Citation, Effort, Maker, ReasoningPart};
use crate::dialect::Quirks;
use crate::dialect::quirks::DRAWS_ITSELF;
use crate::field::left_out::{self, Taken};
use crate::field::{Field, FieldSet, ReplyField, Say};

pub(in crate::dialect) fn request(field: Field, quirks: &Quirks) -> Say {
    use Field as F;
    match field {
        _ if quirks.refuses(field) => Say::Dropped(DRAWS_ITSELF),
        F::SystemText | F::SystemLater | F::UserText | F::AssistantText => Say::Carried,
        F::DeveloperRole if quirks.lacks_developer_role => Say::Near("as system text"),
        F::DeveloperRole => Say::Carried,
        F::ParticipantName => Say::Dropped("participants have no names"),
        F::ImageBytes | F::ImageUrl | F::ImageFile | F::ImageDetail => Say::Carried,
        F::DocumentBytes | F::DocumentUrl | F::DocumentFile => Say::Carried,
        F::DocumentText => Say::Near("as text"),
        F::DocumentTitle => Say::Near("as the name of a file, or before the text"),
        F::DocumentContext => Say::Dropped("documents have no context"),
        F::DocumentCited => Say::Dropped("answers cite nothing of the request"),
        F::DocumentFacts => Say::Near("as text"),
        F::AudioBytes | F::AudioUrl => Say::Refused("audio cannot be sent"),
        F::VideoBytes | F::VideoUrl => Say::Refused("video cannot be sent"),
        F::ToolCall | F::ToolCallFreeForm | F::ToolResult | F::ToolResultImage => Say::Carried,
        F::ToolResultDocument => Say::Near("as a file, or as text"),
        F::ToolResultError => Say::Dropped("that a tool failed is told by its text alone"),
        F::ToolCallSignature => Say::Dropped("only its maker reads it"),
        F::ReasoningText if quirks.takes_reasoning => Say::Carried,
        F::ReasoningText => Say::Near("what OpenAI's models thought; others' is left out"),
        F::ReasoningSignature => Say::Dropped("signatures are for their makers"),
        F::ReasoningEncrypted => Say::Near("OpenAI's own; others' is left out"),
        F::Refusal => Say::Carried,
        F::Citations => Say::Near("those with links, and files at the provider"),
        F::WebSearch => Say::Refused("the search is a tool there"),
        F::ProviderPart | F::ProviderTool => Say::Refused("it is one provider's own"),
        F::CacheMark | F::CacheMarkTime | F::CacheAutomatic => {
            Say::Dropped("the provider caches by itself")
        }
        F::CacheKey | F::CacheRetention => Say::Carried,
        F::CacheContent => Say::Refused("nothing can be put into the cache before"),
        F::Tools | F::ToolStrict | F::ToolFreeForm => Say::Carried,
        F::ToolChoiceAuto | F::ToolChoiceNone | F::ToolChoiceRequired => Say::Carried,
        F::ToolChoiceNamed | F::ToolChoiceAllowed => Say::Carried,
        F::ToolsParallel | F::ToolsSerial => Say::Carried,
        F::TokensMax | F::FormatJson | F::FormatSchema | F::FormatName | F::FormatDescription => {
            Say::Carried
        }
        F::Logprobs | F::LogprobsTop | F::Verbosity | F::ImageOutput => Say::Carried,
        F::Stop if quirks.takes_more_sampling => Say::Carried,
        F::Stop => Say::Refused("no text can end the answer"),
        F::Choices => Say::Refused("there is one answer a request"),
        F::AudioOutput | F::AudioFormat => Say::Refused("the output is text and images"),
        F::Prediction => Say::Dropped("it only makes answers faster"),
        F::Temperature | F::TopP => Say::Carried,
        F::TopK | F::MinP | F::RepetitionPenalty | F::FrequencyPenalty | F::PresencePenalty => {
            if quirks.takes_more_sampling {
                Say::Carried
            } else {
                Say::Dropped("tokens are drawn by temperature and top_p only")
            }
        }
        F::Seed if quirks.takes_more_sampling => Say::Carried,
        F::Seed => Say::Dropped("there are no seeds"),
        F::LogitBias => Say::Refused("tokens have no bias"),
        F::ReasoningEffort | F::ReasoningShown => Say::Carried,
        F::ReasoningTokens => Say::Near("as effort in words"),
        F::ReasoningAdaptive => Say::Dropped("the model does so by itself"),
        F::User | F::Metadata | F::ServiceClass | F::Store => Say::Carried,
        F::PreviousReply | F::Conversation | F::StoredPrompt | F::Background => Say::Carried,
        F::Safety => Say::Refused("filters have no such settings"),
        F::SafetyOff => Say::Dropped("there are no such filters to turn off"),
        F::ProviderOption => Say::Refused("it is one provider's own"),
    }
}

pub(in crate::dialect) fn left_out(request: &ChatRequest<'_>, quirks: &Quirks) -> FieldSet<Field> {
    let taken = |thought: &ReasoningPart<'_>| {
        let encrypted = thought.encrypted.as_ref().is_some_and(|one| one.maker == Maker::Openai);
        Taken { text: encrypted || quirks.takes_reasoning, signature: false, encrypted }
    };
    left_out::of_thoughts(request, taken)
        .with(left_out::of_citations(request, item::is_citable_by_provider))
        .with(left_out::of_effort(request, &[Effort::Max]))
        .with(quirks.dropped_beside(&request.sampling))
}

pub(in crate::dialect) fn reply(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Id | F::Model | F::Created | F::Text | F::Reasoning | F::Refusal => Say::Carried,
        F::ReasoningSignature | F::ReasoningEncrypted => Say::Carried,
        F::ToolCall | F::ToolCallSignature | F::ToolCallFreeForm => Say::Carried,
        F::Citations => Say::Near("links, and files by their titles"),
        F::Audio => Say::Dropped("the output is text and images"),
        F::Image => Say::Carried,
        F::ProviderPart => Say::Dropped("it is another provider's own"),
        F::Choices => Say::Dropped("there is one answer a reply"),
        F::FinishStop | F::FinishLength | F::FinishToolCalls | F::FinishFiltered => Say::Carried,
        F::FinishFailed => Say::Carried,
        F::FinishStopText | F::FinishPaused => Say::Near("as completed"),
        F::StopText => Say::Dropped("which stop text came is not told"),
        F::FinishContext => Say::Near("as length"),
        F::FinishRefusal => Say::Near("as completed, with the refusal where there is one"),
        F::Logprobs | F::Usage | F::UsageCacheRead | F::UsageReasoning => Say::Carried,
        F::UsageCacheWrite | F::UsageAudio | F::UsageImage => Say::Carried,
        F::UsageCacheWrite1h => Say::Near("with other tokens to the cache"),
        F::UsageSearches => Say::Near("by the items of the searches, where they come along"),
        F::UsageBilled => Say::Dropped("what is charged is not told apart"),
        F::ServiceClass => Say::Carried,
        F::Fingerprint => Say::Dropped("the configuration is not told"),
    }
}

/// There is a form for every citation.
pub(in crate::dialect) fn cites(_citation: &Citation<'_>) -> bool {
    true
}
