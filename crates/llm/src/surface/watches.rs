//! What the scan is to find in bodies that are no chat; those of chat are in their dialects.

use super::{Family, Operation, Surface};
use crate::scan::{Member, Spellings, Watch, Watched};

/// The path says all.
static NOTHING: Watch = Watch { members: &[], spellings: Spellings::One };

static MODEL: Watch = Watch {
    members: &[Member::top(Watched::Model, "model"), Member::top(Watched::User, "user")],
    spellings: Spellings::One,
};

static COMPLETION: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Models, "models"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::StreamOptions, "stream_options"),
        Member::within(Watched::StreamOptions, Watched::StreamUsage, "include_usage"),
        Member::top(Watched::OutputTokensMax, "max_tokens"),
        Member::top(Watched::Choices, "n"),
        Member::top(Watched::ChoicesTried, "best_of"),
        Member::top(Watched::User, "user"),
    ],
    spellings: Spellings::One,
};

/// Whatever Bedrock's models call the limit of their output.
static INVOKE: Watch = Watch {
    members: &[
        Member::top(Watched::OutputTokensMax, "max_completion_tokens"),
        Member::top(Watched::OutputTokensMaxOlder, "max_tokens"),
        Member::top(Watched::ModelTokensMax, "max_tokens_to_sample"),
        Member::top(Watched::ModelTokensMax, "max_gen_len"),
        Member::top(Watched::ModelTokensMax, "max_new_tokens"),
        Member::top(Watched::ModelTokensMax, "maxTokens"),
        Member::top(Watched::Reasoning, "thinking"),
        Member::top(Watched::OutputOptions, "textGenerationConfig"),
        Member::top(Watched::OutputOptions, "inferenceConfig"),
        Member::within(Watched::OutputOptions, Watched::ModelTokensMax, "maxTokenCount"),
        Member::within(Watched::OutputOptions, Watched::ModelTokensMax, "maxTokens"),
        Member::within(Watched::OutputOptions, Watched::ModelTokensMax, "max_new_tokens"),
        Member::top(Watched::Choices, "numResults"),
        Member::top(Watched::Choices, "num_generations"),
        Member::top(Watched::Choices, "n"),
    ],
    spellings: Spellings::One,
};

static PREDICT: Watch = Watch {
    members: &[
        Member::top(Watched::OutputOptions, "parameters"),
        Member::within(Watched::OutputOptions, Watched::OutputTokensMax, "maxOutputTokens"),
        Member::within(Watched::OutputOptions, Watched::OutputTokensMaxOlder, "maxDecodeSteps"),
        Member::within(Watched::OutputOptions, Watched::Choices, "candidateCount"),
    ],
    spellings: Spellings::One,
};

/// The path says all.
static MESSAGE: Watch = Watch { members: &[], spellings: Spellings::Either };

/// Images may come as a stream of previews, speech as one of pieces.
static MEDIA: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::StreamFormat, "stream_format"),
        Member::top(Watched::Choices, "n"),
        Member::top(Watched::User, "user"),
    ],
    spellings: Spellings::One,
};

static UPLOAD: Watch =
    Watch { members: &[Member::top(Watched::Purpose, "purpose")], spellings: Spellings::One };

/// A form brings the file itself; by an id, it could name one that nobody has looked for.
static CONTAINER_FILE: Watch =
    Watch { members: &[Member::top(Watched::Barred, "file_id")], spellings: Spellings::One };

pub(super) fn of(surface: Surface) -> &'static Watch {
    match surface {
        Surface::OpenaiCompletion => &COMPLETION,
        Surface::OpenaiImageGeneration
        | Surface::OpenaiImageEdit
        | Surface::OpenaiImageVariation
        | Surface::OpenaiSpeech
        | Surface::OpenaiTranscription
        | Surface::OpenaiSpeechTranslation => &MEDIA,
        Surface::OpenaiReplyCompact
        | Surface::OpenaiBatchCreate
        | Surface::OpenaiRealtimeSession => &MODEL,
        Surface::BedrockInvoke => &INVOKE,
        Surface::GeminiPredict => &PREDICT,
        Surface::OpenaiFileUpload | Surface::OpenaiUploadCreate => &UPLOAD,
        Surface::OpenaiContainerFileAdd => &CONTAINER_FILE,
        Surface::AnthropicBatchCreate => &NOTHING,
        _ => match surface.operation() {
            Operation::Embedding
            | Operation::Rerank
            | Operation::TokenCount
            | Operation::Tokenize
            | Operation::Moderation
                if !surface.names_model() =>
            {
                &MODEL
            }
            _ if surface.family() == Family::Gemini => &MESSAGE,
            _ => &NOTHING,
        },
    }
}
