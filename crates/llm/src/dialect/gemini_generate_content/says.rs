//! What Gemini makes of every field.

use crate::chat::{ChatRequest, Citation, Effort, Maker, ReasoningPart, Signature};
use crate::dialect::{Quirks, described};
use crate::field::left_out::{self, Taken};
use crate::field::{Field, FieldSet, ReplyField, Say};

pub(in crate::dialect) fn request(field: Field, quirks: &Quirks) -> Say {
    use Field as F;
    match field {
        F::SystemText | F::UserText | F::AssistantText => Say::Carried,
        F::SystemLater => Say::Near("with the system text before the conversation"),
        F::DeveloperRole => Say::Near("as system text"),
        F::ParticipantName => Say::Dropped("participants have no names"),
        F::ImageBytes | F::ImageUrl => Say::Carried,
        F::ImageFile | F::DocumentFile => {
            Say::Refused("files are named by the links of Google's own store")
        }
        F::ImageDetail => Say::Near("for all images as the closest of them"),
        F::DocumentBytes | F::DocumentUrl => Say::Carried,
        F::DocumentText | F::DocumentFacts => Say::Near("as text"),
        F::DocumentTitle | F::DocumentContext => Say::Near("as text before the document"),
        F::DocumentCited => Say::Dropped("answers cite nothing of the request"),
        F::AudioBytes | F::AudioUrl | F::VideoBytes | F::VideoUrl => Say::Carried,
        F::ToolCall | F::ToolCallSignature | F::ToolResult | F::ToolResultError => Say::Carried,
        F::ToolResultImage | F::ToolResultDocument if quirks.lacks_media_in_results => {
            Say::Near("beside the result")
        }
        F::ToolResultImage => Say::Carried,
        F::ToolResultDocument => Say::Near("within the result, plain text as text"),
        F::ToolCallFreeForm | F::ToolFreeForm => Say::Refused("tools take named arguments"),
        F::ReasoningText => Say::Near("what Google's models thought and signed"),
        F::ReasoningSignature | F::ReasoningEncrypted => {
            Say::Near("Google's own; others' are left out")
        }
        F::Refusal => Say::Near("as text"),
        F::Citations => Say::Dropped("earlier text has no citations"),
        F::WebSearch => {
            Say::Refused("a search of the web is asked for in other words, or not at all")
        }
        F::ProviderPart | F::ProviderTool => Say::Refused("it is one provider's own"),
        F::CacheMark | F::CacheMarkTime | F::CacheAutomatic => {
            Say::Dropped("the provider caches by itself")
        }
        F::CacheKey | F::CacheRetention => Say::Dropped("the provider caches by itself"),
        F::CacheContent | F::Tools => Say::Carried,
        F::ToolStrict => Say::Near("for all tools or none, where the model chooses"),
        F::ToolChoiceAuto | F::ToolChoiceNone | F::ToolChoiceRequired => Say::Carried,
        F::ToolChoiceNamed => Say::Carried,
        F::ToolChoiceAllowed => Say::Near("one that must be called is a named one"),
        F::ToolsParallel | F::ToolsSerial => {
            Say::Dropped("the model chooses how many it calls at once")
        }
        F::TokensMax | F::Stop | F::FormatJson | F::FormatSchema | F::Choices => Say::Carried,
        F::FormatName => Say::Dropped("schemas have no names"),
        F::FormatDescription => Say::Near("as the description within the schema"),
        F::Logprobs | F::LogprobsTop => Say::Carried,
        F::Verbosity => Say::Dropped("the prompt says how wordy the answer is"),
        F::AudioOutput => Say::Near("sound alone, with Google's voices"),
        F::AudioFormat => Say::Refused("sound is WAV, and pcm16 in a stream"),
        F::ImageOutput => Say::Carried,
        F::Prediction => Say::Dropped("it only makes answers faster"),
        F::Temperature | F::TopP | F::TopK | F::Seed => Say::Carried,
        F::FrequencyPenalty | F::PresencePenalty => Say::Carried,
        F::MinP | F::RepetitionPenalty => {
            Say::Dropped("tokens are drawn by temperature, topP and topK")
        }
        F::LogitBias => Say::Refused("tokens have no bias"),
        F::ReasoningEffort if quirks.reasoning_by_effort => Say::Near("minimal to high"),
        F::ReasoningEffort => Say::Near("as tokens of reasoning"),
        F::ReasoningTokens if quirks.reasoning_by_effort => Say::Near("as effort in words"),
        F::ReasoningTokens => Say::Carried,
        F::ReasoningAdaptive if quirks.reasoning_by_effort => Say::Near("it always does"),
        F::ReasoningAdaptive => Say::Carried,
        F::ReasoningShown => Say::Near("shown or not"),
        F::User => Say::Dropped("the end user is not noted"),
        F::Metadata => Say::Dropped("only bills have labels, and of few letters"),
        F::ServiceClass => Say::Near("where it is not the default one"),
        F::Store => Say::Dropped("answers are not kept"),
        F::PreviousReply => Say::Refused("earlier answers do not live there"),
        F::Conversation => Say::Refused("conversations do not live there"),
        F::StoredPrompt => Say::Refused("prompts do not live there"),
        F::Background => Say::Refused("answers are given at once"),
        F::Safety => Say::Carried,
        F::SafetyOff => Say::Near("Google's own; others' are left out"),
        F::ProviderOption => Say::Refused("it is one provider's own"),
    }
}

pub(in crate::dialect) fn left_out(request: &ChatRequest<'_>, quirks: &Quirks) -> FieldSet<Field> {
    // These models cannot be told not to think at all, and have no words above `high`.
    let lacks: &[Effort] = match quirks.reasoning_by_effort {
        true => &[Effort::None, Effort::ExtraHigh, Effort::Max],
        false => &[],
    };
    let mut fields = left_out::of_thoughts(request, taken)
        .with(left_out::of_calls(request, |signature| signature.maker == Maker::Google))
        .with(left_out::of_effort(request, lacks))
        .with(left_out::of_description(request, described::takes));
    // A model speaks or draws, and is asked for sound alone where both are wanted.
    let output = &request.output;
    fields.add_if(Field::ImageOutput, output.images && output.audio.is_some());
    let safety = request.account.safety.as_ref();
    fields.add_if(Field::SafetyOff, safety.is_some_and(|safety| safety.maker != Maker::Google));
    if !quirks.reasoning_by_effort {
        fields = fields.with(left_out::of_effort_beside_tokens(request));
    }
    fields
}

/// What of a thought Google takes back: one signature of its own, and the words with it.
fn taken(thought: &ReasoningPart<'_>) -> Taken {
    let is_own =
        |one: &Option<Signature<'_>>| one.as_ref().is_some_and(|one| one.maker == Maker::Google);
    let encrypted = is_own(&thought.encrypted);
    let signature = is_own(&thought.signature);
    Taken { text: encrypted || signature, signature: signature && !encrypted, encrypted }
}

pub(in crate::dialect) fn reply(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Id | F::Model | F::Created | F::Text | F::Reasoning => Say::Carried,
        F::ReasoningSignature | F::ReasoningEncrypted | F::ToolCall | F::ToolCallSignature => {
            Say::Carried
        }
        F::Refusal => Say::Near("as text"),
        F::ToolCallFreeForm => Say::Near("as a named argument"),
        F::Citations => Say::Near("as grounding, without the place in the source"),
        F::Audio => Say::Near("with its transcript as text"),
        F::Image | F::Choices => Say::Carried,
        F::ProviderPart => Say::Dropped("it is another provider's own"),
        F::FinishStop | F::FinishLength | F::FinishToolCalls | F::FinishFiltered => Say::Carried,
        F::FinishFailed => Say::Carried,
        F::FinishStopText | F::FinishPaused => Say::Near("as complete"),
        F::StopText => Say::Dropped("which stop text came is not told"),
        F::FinishContext => Say::Near("as the limit of the output"),
        F::FinishRefusal => Say::Near("as complete, with the refusal"),
        F::Logprobs | F::Usage | F::UsageCacheRead | F::UsageReasoning => Say::Carried,
        F::UsageAudio | F::UsageImage | F::ServiceClass => Say::Carried,
        F::UsageCacheWrite | F::UsageCacheWrite1h => Say::Near("with the rest of the prompt"),
        F::UsageSearches => Say::Dropped("searches are told by what was looked for"),
        F::UsageBilled => Say::Dropped("what is charged is not told apart"),
        F::Fingerprint => Say::Dropped("the configuration is not told"),
    }
}

/// There is a form for every citation.
pub(in crate::dialect) fn cites(_citation: &Citation<'_>) -> bool {
    true
}
