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
    RealtimeKey "create_realtime_key" "A key that is good for one talk at the provider itself."
    ModelList "list_models" "Which models there are."
    ModelGet "get_model" "What a model is."
    ReplyGet "get_reply" "An answer that the provider keeps."
    ReplyDelete "delete_reply" "The end of an answer that the provider keeps."
    ReplyCancel "cancel_reply" "The end of an answer that is being made."
    ReplyInputs "list_reply_inputs" "What an answer was made of."
    ReplyCompact "compact_reply" "A conversation made shorter."
    ChatList "list_chats" "Which answers to conversations are stored."
    ChatGet "get_chat" "A stored answer to a conversation."
    ChatUpdate "update_chat" "Other notes on a stored answer to a conversation."
    ChatDelete "delete_chat" "The end of a stored answer to a conversation."
    ChatMessages "list_chat_messages" "What a stored answer was given to."
    UploadCreate "create_upload" "A file that is to come in parts."
    UploadPart "add_upload_part" "A part of such a file."
    UploadComplete "complete_upload" "A file put together of its parts."
    UploadCancel "cancel_upload" "The end of a file that was to come in parts."
    CacheCreate "create_cache" "The beginning of a prompt, to be kept at the provider."
    CacheList "list_caches" "Which beginnings of prompts are kept."
    CacheGet "get_cache" "What a kept beginning of a prompt is."
    CacheUpdate "update_cache" "Another end of a kept beginning of a prompt."
    CacheDelete "delete_cache" "The end of a kept beginning of a prompt."
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
    ConversationCreate "create_conversation" "A conversation to be kept at the provider."
    ConversationGet "get_conversation" "What a kept conversation is."
    ConversationUpdate "update_conversation" "Other notes on a kept conversation."
    ConversationDelete "delete_conversation" "The end of a kept conversation."
    ItemAdd "add_items" "More items of a kept conversation."
    ItemList "list_items" "What was said in a kept conversation."
    ItemGet "get_item" "One item of a kept conversation."
    ItemDelete "delete_item" "The end of an item of a kept conversation."
    StoreCreate "create_vector_store" "A store of files that are searched."
    StoreList "list_vector_stores" "Which stores there are."
    StoreGet "get_vector_store" "What a store is."
    StoreUpdate "update_vector_store" "Another name or end of a store."
    StoreDelete "delete_vector_store" "The end of a store."
    StoreSearch "search_vector_store" "What a store has on a question."
    StoreFileAdd "add_vector_store_file" "A file, or several, put into a store."
    StoreFileList "list_vector_store_files" "Which files are in a store."
    StoreFileGet "get_vector_store_file" "How far a file is in a store."
    StoreFileUpdate "update_vector_store_file" "Other notes on a file in a store."
    StoreFileDelete "delete_vector_store_file" "The end of a file in a store."
    StoreFileContent "get_vector_store_file_content" "The texts of a file in a store."
    StoreFilesCancel "cancel_vector_store_files" "The end of files being put into a store."
    ContainerCreate "create_container" "Where a model's code is to run."
    ContainerList "list_containers" "Which containers there are."
    ContainerGet "get_container" "What a container is."
    ContainerDelete "delete_container" "The end of a container."
    ContainerFileAdd "add_container_file" "A file put into a container."
    ContainerFileList "list_container_files" "Which files are in a container."
    ContainerFileGet "get_container_file" "What a file in a container is."
    ContainerFileDelete "delete_container_file" "The end of a file in a container."
    ContainerFileContent "get_container_file_content" "The bytes of a file in a container."
}

/// What lives at a provider and is named by an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// An answer, of OpenAI Responses.
    Reply,
    /// An answer, of OpenAI Chat, that is stored.
    Chat,
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
    /// A prompt with holes.
    Prompt,
    /// What a model's code can do beside.
    Skill,
    /// What a model has said aloud.
    Audio,
}

impl Kept {
    /// All there are.
    pub const ALL: &'static [Self] = &[
        Self::Reply,
        Self::Chat,
        Self::File,
        Self::Upload,
        Self::Lines,
        Self::Batch,
        Self::Item,
        Self::Conversation,
        Self::Container,
        Self::Store,
        Self::Cache,
        Self::Prompt,
        Self::Skill,
        Self::Audio,
    ];

    /// Its name where it is written down.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Chat => "chat",
            Self::File => "file",
            Self::Upload => "upload",
            Self::Lines => "lines",
            Self::Batch => "batch",
            Self::Item => "item",
            Self::Conversation => "conversation",
            Self::Container => "container",
            Self::Store => "store",
            Self::Cache => "cache",
            Self::Prompt => "prompt",
            Self::Skill => "skill",
            Self::Audio => "audio",
        }
    }

    /// What has that name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kept| kept.word() == word)
    }
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
            Self::ChatList
            | Self::ChatGet
            | Self::ChatUpdate
            | Self::ChatDelete
            | Self::ChatMessages => Some(Kept::Chat),
            Self::UploadCreate | Self::UploadPart | Self::UploadComplete | Self::UploadCancel => {
                Some(Kept::Upload)
            }
            Self::CacheCreate
            | Self::CacheList
            | Self::CacheGet
            | Self::CacheUpdate
            | Self::CacheDelete => Some(Kept::Cache),
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
            Self::ConversationCreate
            | Self::ConversationGet
            | Self::ConversationUpdate
            | Self::ConversationDelete
            | Self::ItemAdd
            | Self::ItemList
            | Self::ItemGet
            | Self::ItemDelete => Some(Kept::Conversation),
            Self::StoreCreate
            | Self::StoreList
            | Self::StoreGet
            | Self::StoreUpdate
            | Self::StoreDelete
            | Self::StoreSearch
            | Self::StoreFileAdd
            | Self::StoreFileList
            | Self::StoreFileGet
            | Self::StoreFileUpdate
            | Self::StoreFileDelete
            | Self::StoreFileContent
            | Self::StoreFilesCancel => Some(Kept::Store),
            Self::ContainerCreate
            | Self::ContainerList
            | Self::ContainerGet
            | Self::ContainerDelete
            | Self::ContainerFileAdd
            | Self::ContainerFileList
            | Self::ContainerFileGet
            | Self::ContainerFileDelete
            | Self::ContainerFileContent => Some(Kept::Container),
            _ => None,
        }
    }

    /// Whether it makes something that lives at a provider, of which nothing was known before.
    #[must_use]
    pub fn makes_kept(self) -> bool {
        matches!(
            self,
            Self::FileUpload
                | Self::UploadCreate
                | Self::CacheCreate
                | Self::BatchCreate
                | Self::ReplyCompact
                | Self::ConversationCreate
                | Self::StoreCreate
                | Self::ContainerCreate
        )
    }

    /// Whether it lists what all keep at a provider.
    #[must_use]
    pub fn lists_kept(self) -> bool {
        matches!(
            self,
            Self::FileList
                | Self::BatchList
                | Self::ChatList
                | Self::CacheList
                | Self::StoreList
                | Self::ContainerList
        )
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
                | Self::CacheCreate
        )
    }
}
