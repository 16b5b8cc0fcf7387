//! What Anthropic Messages makes of every field.

use super::citation;
use super::thinking::Thinking;
use crate::chat::{ChatRequest, Citation, Effort, Maker, ReasoningPart, Signature};
use crate::dialect::quirks::DRAWS_ITSELF;
use crate::dialect::{Quirks, described};
use crate::field::left_out::{self, Taken};
use crate::field::{Field, FieldSet, ReplyField, Say};

pub(in crate::dialect) fn request(field: Field, quirks: &Quirks) -> Say {
    use Field as F;
    match field {
        _ if quirks.refuses(field) => Say::Dropped(DRAWS_ITSELF),
        F::SystemText | F::UserText | F::AssistantText => Say::Carried,
        F::SystemLater => Say::Near("with the system text before the conversation"),
        F::DeveloperRole => Say::Near("as system text"),
        F::ParticipantName => Say::Dropped("participants have no names"),
        F::ImageBytes | F::ImageUrl | F::ImageFile => Say::Carried,
        F::ImageDetail => Say::Dropped("the model looks as closely as it does"),
        F::DocumentBytes | F::DocumentText | F::DocumentUrl | F::DocumentFile => Say::Carried,
        F::DocumentTitle | F::DocumentContext | F::DocumentCited => Say::Carried,
        F::DocumentFacts => Say::Near("as text"),
        F::AudioBytes | F::AudioUrl => Say::Refused("audio cannot be sent"),
        F::VideoBytes | F::VideoUrl => Say::Refused("video cannot be sent"),
        F::ToolCall | F::ToolResult | F::ToolResultImage | F::ToolResultDocument => Say::Carried,
        F::ToolResultError => Say::Carried,
        F::ToolCallSignature => Say::Dropped("only its maker reads it"),
        F::ToolCallFreeForm | F::ToolFreeForm => Say::Refused("tools take named arguments"),
        F::ReasoningText => Say::Near("what Anthropic's models thought; others' is left out"),
        F::ReasoningSignature => Say::Near("Anthropic's own; others' are left out"),
        F::ReasoningEncrypted => Say::Near("Anthropic's own; others' is left out"),
        F::Refusal => Say::Near("as text"),
        F::Citations => Say::Near("those of documents"),
        F::WebSearch => {
            Say::Refused("a search of the web is asked for in other words, or not at all")
        }
        F::ProviderPart | F::ProviderTool => Say::Refused("it is one provider's own"),
        F::CacheMark | F::CacheMarkTime | F::CacheAutomatic => Say::Carried,
        F::CacheKey | F::CacheRetention => Say::Dropped("the cache goes by marks in the prompt"),
        F::CacheContent => Say::Refused("nothing can be put into the cache before"),
        F::Tools | F::ToolStrict => Say::Carried,
        F::ToolChoiceAuto | F::ToolChoiceNone | F::ToolChoiceRequired => Say::Carried,
        F::ToolChoiceNamed | F::ToolsParallel | F::ToolsSerial => Say::Carried,
        F::ToolChoiceAllowed => Say::Near("the other tools are left out"),
        F::TokensMax | F::Stop | F::FormatSchema => Say::Carried,
        F::FormatName => Say::Dropped("schemas have no names"),
        F::FormatDescription => Say::Near("as the description within the schema"),
        F::FormatJson => Say::Near("as an instruction at the end of the system text"),
        F::Choices => Say::Refused("there is one answer a request"),
        F::Logprobs | F::LogprobsTop => Say::Dropped("log probabilities are not told"),
        F::Verbosity => Say::Dropped("the prompt says how wordy the answer is"),
        F::AudioOutput | F::AudioFormat | F::ImageOutput => Say::Refused("the output is text"),
        F::Prediction => Say::Dropped("it only makes answers faster"),
        F::Temperature | F::TopP | F::TopK => Say::Carried,
        F::MinP | F::FrequencyPenalty | F::PresencePenalty | F::RepetitionPenalty => {
            Say::Dropped("tokens are drawn by temperature, top_p and top_k")
        }
        F::Seed => Say::Dropped("there are no seeds"),
        F::LogitBias => Say::Refused("tokens have no bias"),
        F::ReasoningEffort if quirks.reasoning_by_effort => Say::Carried,
        F::ReasoningEffort => Say::Near("as tokens of reasoning"),
        F::ReasoningTokens if quirks.reasoning_by_effort => Say::Near("as effort in words"),
        F::ReasoningTokens | F::ReasoningAdaptive => Say::Carried,
        F::ReasoningShown => Say::Near("shown or not"),
        F::User => Say::Carried,
        F::Metadata => Say::Dropped("only the end user is noted"),
        F::ServiceClass => Say::Near("auto, or only the standard class"),
        F::Store => Say::Dropped("answers are not kept"),
        F::PreviousReply => Say::Refused("earlier answers do not live there"),
        F::Conversation | F::StoredPrompt => Say::Refused("it does not live there"),
        F::Background => Say::Refused("answers are given at once"),
        F::Safety => Say::Refused("filters have no such settings"),
        F::SafetyOff => Say::Dropped("there are no such filters to turn off"),
        F::ProviderOption => Say::Refused("it is one provider's own"),
    }
}

pub(in crate::dialect) fn left_out(request: &ChatRequest<'_>, quirks: &Quirks) -> FieldSet<Field> {
    // It reasons at least a little where it reasons at all.
    let lacks: &[Effort] = if quirks.reasoning_by_effort { &[Effort::Minimal] } else { &[] };
    left_out::of_thoughts(request, taken)
        .with(left_out::of_citations(request, citation::is_writable))
        .with(left_out::of_effort(request, lacks))
        .with(left_out::of_description(request, described::takes))
        .with(left_out::of_service_class(request, &["auto", "default"]))
        .with(quirks.dropped_beside(&request.sampling))
        .with(Thinking::of(request, quirks).left_out(request, quirks))
}

/// What of a thought Claude takes back: what it has signed itself.
pub(in crate::dialect) fn taken(thought: &ReasoningPart<'_>) -> Taken {
    let is_own =
        |one: &Option<Signature<'_>>| one.as_ref().is_some_and(|one| one.maker == Maker::Anthropic);
    let signature = is_own(&thought.signature);
    Taken { text: signature, signature, encrypted: is_own(&thought.encrypted) }
}

pub(in crate::dialect) fn reply(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Id | F::Model | F::Text | F::Reasoning | F::ReasoningSignature => Say::Carried,
        F::ReasoningEncrypted | F::ToolCall => Say::Carried,
        F::Created => Say::Dropped("the time is not told"),
        F::Refusal => Say::Near("as text"),
        F::ToolCallSignature => Say::Carried,
        F::ToolCallFreeForm => Say::Near("as a named argument"),
        F::Citations => Say::Near("links and places in documents"),
        F::Audio | F::Image => Say::Dropped("the output is text"),
        F::ProviderPart => Say::Dropped("it is another provider's own"),
        F::Choices => Say::Dropped("there is one answer a reply"),
        F::FinishStop | F::FinishStopText | F::StopText | F::FinishLength => Say::Carried,
        F::FinishContext | F::FinishToolCalls | F::FinishFiltered | F::FinishPaused => Say::Carried,
        F::FinishRefusal => Say::Near("as filtered"),
        F::FinishFailed => Say::Near("as an error"),
        F::Logprobs => Say::Dropped("log probabilities are not told"),
        F::Usage | F::UsageCacheRead | F::UsageCacheWrite | F::UsageCacheWrite1h => Say::Carried,
        F::UsageReasoning => Say::Carried,
        F::UsageAudio | F::UsageImage => Say::Near("with other tokens"),
        F::UsageSearches => Say::Carried,
        F::UsageBilled => Say::Dropped("what is charged is not told apart"),
        F::ServiceClass => Say::Carried,
        F::Fingerprint => Say::Dropped("the configuration is not told"),
    }
}

/// A citation is a link, or a place in a document.
pub(in crate::dialect) fn cites(citation: &Citation<'_>) -> bool {
    citation::is_writable(citation)
}
