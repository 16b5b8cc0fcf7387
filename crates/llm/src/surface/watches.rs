//! What the scan is to find in bodies that are no chat; those of chat are in their dialects.

use super::{Operation, Surface};
use crate::scan::{Member, Watch, Watched};

/// The path says all.
static NOTHING: Watch = Watch { members: &[] };

static MODEL: Watch =
    Watch { members: &[Member::top(Watched::Model, "model"), Member::top(Watched::User, "user")] };

static COMPLETION: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Models, "models"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::StreamOptions, "stream_options"),
        Member::within(Watched::StreamOptions, Watched::StreamUsage, "include_usage"),
        Member::top(Watched::OutputTokensMax, "max_tokens"),
        Member::top(Watched::Choices, "n"),
        Member::top(Watched::User, "user"),
    ],
};

/// Images may come as a stream of previews, speech as one of pieces.
static MEDIA: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::StreamFormat, "stream_format"),
        Member::top(Watched::Choices, "n"),
        Member::top(Watched::User, "user"),
    ],
};

pub(super) fn of(surface: Surface) -> &'static Watch {
    match surface {
        Surface::OpenaiCompletion => &COMPLETION,
        Surface::OpenaiImageGeneration
        | Surface::OpenaiImageEdit
        | Surface::OpenaiImageVariation
        | Surface::OpenaiSpeech
        | Surface::OpenaiTranscription
        | Surface::OpenaiSpeechTranslation => &MEDIA,
        Surface::OpenaiReplyCompact | Surface::OpenaiBatchCreate => &MODEL,
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
            _ => &NOTHING,
        },
    }
}
