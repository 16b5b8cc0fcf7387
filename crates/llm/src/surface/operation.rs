//! What is asked for, in whosever words: the closed list.

/// Declares the operations with their names.
macro_rules! operations {
    ($($variant:ident $name:literal $what:literal)*) => {
        /// What a request asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = $what] $variant,)*
        }

        impl Operation {
            /// All operations.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in metrics and logs.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

operations! {
    Chat "chat" "An answer to a conversation."
    Completion "text_completion" "A text gone on with: legacy completions."
    Embedding "embeddings" "Vectors of texts."
    Rerank "rerank" "Documents ranked by a question."
    Invoke "invoke" "A bare call of a model, of Bedrock or Vertex: what it is, its body says."
    TokenCount "count_tokens" "How many tokens a request for chat has."
    Tokenize "tokenize" "Texts cut into tokens, or put together from them."
    ImageGeneration "image_generation" "Images from text."
    ImageEdit "image_edit" "Images from images and text."
    ImageVariation "image_variation" "Images like an image."
    Speech "speech" "Sound from text."
    Transcription "transcription" "Text from sound."
    SpeechTranslation "speech_translation" "English text from sound."
    Moderation "moderation" "Whether content is harmful."
    Realtime "realtime" "Talk over a WebSocket."
    ModelList "list_models" "Which models there are."
    ModelGet "get_model" "What a model is."
    ReplyGet "get_reply" "An answer that the provider keeps."
    ReplyDelete "delete_reply" "The end of an answer that the provider keeps."
    ReplyCancel "cancel_reply" "The end of an answer that is being made."
    ReplyInputs "list_reply_inputs" "What an answer was made of."
    ReplyCompact "compact_reply" "A conversation made shorter."
    FileUpload "upload_file" "A file to be kept at the provider."
    FileList "list_files" "Which files are kept."
    FileGet "get_file" "What a kept file is."
    FileDelete "delete_file" "The end of a kept file."
    FileContent "get_file_content" "The bytes of a kept file."
    BatchCreate "create_batch" "Many requests, to be answered later."
    BatchList "list_batches" "Which batches there are."
    BatchGet "get_batch" "How far a batch is."
    BatchCancel "cancel_batch" "The end of a batch that is being answered."
    BatchDelete "delete_batch" "The end of a batch."
    BatchResults "get_batch_results" "The answers of a batch."
}

/// What lives at a provider and is named by an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// An answer, of OpenAI Responses.
    Reply,
    /// A file.
    File,
    /// An upload that is under way.
    Upload,
    /// The requests of a batch: a file whose lines were gone through on their way there.
    Lines,
    /// A batch.
    Batch,
    /// One item of an answer, of OpenAI Responses.
    Item,
    /// A conversation, of OpenAI Responses.
    Conversation,
    /// Where a model's code runs.
    Container,
    /// A store of files that are searched.
    Store,
    /// The beginning of a prompt, of Gemini.
    Cache,
}

impl Operation {
    /// What the operation makes or is about that lives at a provider.
    #[must_use]
    pub fn kept(self) -> Option<Kept> {
        match self {
            Self::ReplyGet
            | Self::ReplyDelete
            | Self::ReplyCancel
            | Self::ReplyInputs
            | Self::ReplyCompact => Some(Kept::Reply),
            Self::FileUpload
            | Self::FileList
            | Self::FileGet
            | Self::FileDelete
            | Self::FileContent => Some(Kept::File),
            Self::BatchCreate
            | Self::BatchList
            | Self::BatchGet
            | Self::BatchCancel
            | Self::BatchDelete
            | Self::BatchResults => Some(Kept::Batch),
            _ => None,
        }
    }

    /// Whether it runs a model, hence costs something.
    #[must_use]
    pub fn is_inference(self) -> bool {
        matches!(
            self,
            Self::Chat
                | Self::Completion
                | Self::Embedding
                | Self::Rerank
                | Self::Invoke
                | Self::ImageGeneration
                | Self::ImageEdit
                | Self::ImageVariation
                | Self::Speech
                | Self::Transcription
                | Self::SpeechTranslation
                | Self::Moderation
                | Self::Realtime
                | Self::ReplyCompact
                | Self::BatchCreate
        )
    }
}
