//! What a request to an llm service asks for, told from its method and path alone.
//!
//! One table: a surface is a row of it, one way to ask for one operation in the words of one
//! family. What a body says is not read here; [`Surface::watch`] says what the scan is to find in
//! it.

mod asked;
mod family;
mod kept;
mod links;
mod matching;
mod nearest;
mod operation;
mod own_list;
mod reach;
mod rename;
mod table;
mod upload;
mod watches;

use crate::dialect::Dialect;
use crate::scan::{Watch, Watched};

pub use asked::Asked;
pub use family::Family;
pub use kept::{KeptId, Named, OwnLink, can_make, kept_in_event, kept_in_talk, stored_chat};
pub use links::ResultsLink;
pub use nearest::{methods, nearest};
pub use operation::{Kept, Operation};
pub use own_list::{ListAsk, OwnPage};
pub use reach::{Reach, reach};
pub use rename::NamedModel;
pub use table::{BodyForm, Surface};
pub use upload::Upload;

pub use crate::segment::parameter;

pub(crate) use reach::gemini_model;
pub(crate) use rename::bare as bare_model;

impl Surface {
    /// What a request asks for; `path` is what the llm service sees of it, `query` what stands
    /// behind its `?`. Nothing where no surface has the path.
    #[must_use]
    pub fn of<'a>(method: &str, path: &'a str, query: &'a str) -> Option<Asked<'a>> {
        matching::find(method, path, query)
    }

    /// The surface that asks for chat in a dialect.
    #[must_use]
    pub fn chat(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenaiChat => Self::OpenaiChat,
            Dialect::OpenaiResponses => Self::OpenaiResponses,
            Dialect::AnthropicMessages => Self::AnthropicMessages,
            Dialect::GeminiGenerateContent => Self::GeminiContent,
            Dialect::BedrockConverse => Self::BedrockConverse,
            Dialect::CohereChat => Self::CohereChat,
        }
    }

    /// The dialect of its errors, and of its chat where it asks for that.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::OpenaiResponses
            | Self::OpenaiTokenCount
            | Self::OpenaiReplyCompact
            | Self::OpenaiReplyGet
            | Self::OpenaiReplyDelete
            | Self::OpenaiReplyCancel
            | Self::OpenaiReplyInputs => Dialect::OpenaiResponses,
            _ => self.family().dialect(),
        }
    }

    /// Whether the path names the model, and not the body. Azure's paths do both.
    #[must_use]
    pub fn names_model(self) -> bool {
        self.paths()[0].contains("{model}")
    }

    /// Whether a body must name the model, where the path does not: nobody knows what a provider
    /// takes in its place. What goes on from something that is kept has its model from there.
    #[must_use]
    pub fn needs_model(self, goes_on: bool) -> bool {
        let is_needed = match self.operation() {
            // What a key is good for, or a prompt is kept for, must be one of the models that its
            // owner may ask.
            Operation::RealtimeKey | Operation::CacheCreate => return true,
            Operation::TokenCount | Operation::ReplyCompact => !goes_on,
            Operation::Completion
            | Operation::Embedding
            | Operation::Rerank
            | Operation::Tokenize
            | Operation::ImageGeneration
            | Operation::ImageEdit
            | Operation::ImageVariation
            | Operation::Speech
            | Operation::Transcription
            | Operation::SpeechTranslation => true,
            _ => false,
        };
        is_needed && self.watch().member(Watched::Model).is_some()
    }

    /// Which members of a body the scan is to find.
    #[must_use]
    pub fn watch(self) -> &'static Watch {
        match self.operation() {
            Operation::Chat => self.dialect().watch(),
            _ => watches::of(self),
        }
    }
}

#[cfg(test)]
mod tests;
