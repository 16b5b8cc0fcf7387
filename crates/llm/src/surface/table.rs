//! The table of surfaces: a row each.
//!
//! A path of the table is the one of the family's documentation. `{id}` is one element, and so is
//! `{part}`, what belongs to that; `{model}` may be several, as names of models have slashes.
//! `{project}` and `{location}` of Vertex may be any. `/v1` at the start may be left out, and
//! `/v1beta` may be another version of Gemini's; that is the business of `matching`.

use super::{Family, Operation};

/// What the body of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyForm {
    /// There is none.
    None,
    /// JSON.
    Json,
    /// `multipart/form-data`; JSON, too, where the content type says so.
    Multipart,
    /// Whatever the content type says: it is not looked at.
    Opaque,
}

/// Declares the surfaces.
macro_rules! surfaces {
    ($($variant:ident $family:ident $operation:ident $method:literal $body:ident
       $($path:literal)|+;)*) => {
        /// One way to ask for one operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Surface {
            $(#[doc = concat!("`", $method, " ", $($path, " ",)+ "`")] $variant,)*
        }

        impl Surface {
            /// All surfaces, those that are asked for most first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What is asked for.
            #[must_use]
            pub fn operation(self) -> Operation {
                match self { $(Self::$variant => Operation::$operation,)* }
            }

            /// In whose words.
            #[must_use]
            pub fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }

            /// The method of a request.
            #[must_use]
            pub fn method(self) -> &'static str {
                match self { $(Self::$variant => $method,)* }
            }

            /// What the body of a request is.
            #[must_use]
            pub fn body(self) -> BodyForm {
                match self { $(Self::$variant => BodyForm::$body,)* }
            }

            /// Its paths; the second one, where there is one, asks for a stream.
            #[must_use]
            pub fn paths(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($path),+],)* }
            }
        }
    };
}

surfaces! {
    OpenaiChat Openai Chat "POST" Json "/v1/chat/completions";
    AnthropicMessages Anthropic Chat "POST" Json "/v1/messages";
    OpenaiResponses Openai Chat "POST" Json "/v1/responses";
    GeminiContent Gemini Chat "POST" Json
        "/v1beta/models/{model}:generateContent" | "/v1beta/models/{model}:streamGenerateContent";
    BedrockConverse Bedrock Chat "POST" Json
        "/model/{model}/converse" | "/model/{model}/converse-stream";
    CohereChat Cohere Chat "POST" Json "/v2/chat";
    AnthropicVertexTokenCount Anthropic TokenCount "POST" Json
        "/v1/projects/{project}/locations/{location}/publishers/anthropic/models/count-tokens:rawPredict";
    AnthropicVertex Anthropic Chat "POST" Json
        "/v1/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:rawPredict" |
        "/v1/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:streamRawPredict";
    OpenaiEmbedding Openai Embedding "POST" Json "/v1/embeddings";
    OpenaiCompletion Openai Completion "POST" Json "/v1/completions";
    GeminiEmbedding Gemini Embedding "POST" Json "/v1beta/models/{model}:embedContent";
    GeminiEmbeddings Gemini Embedding "POST" Json "/v1beta/models/{model}:batchEmbedContents";
    CohereEmbed Cohere Embedding "POST" Json "/v2/embed";
    CohereEmbedV1 Cohere Embedding "POST" Json "/v1/embed";
    CohereRerank Cohere Rerank "POST" Json "/v2/rerank";
    CohereRerankV1 Cohere Rerank "POST" Json "/v1/rerank";
    BedrockInvoke Bedrock Invoke "POST" Json
        "/model/{model}/invoke" | "/model/{model}/invoke-with-response-stream";
    GeminiPredict Gemini Invoke "POST" Json "/v1beta/models/{model}:predict";
    AnthropicTokenCount Anthropic TokenCount "POST" Json "/v1/messages/count_tokens";
    OpenaiTokenCount Openai TokenCount "POST" Json "/v1/responses/input_tokens";
    GeminiTokenCount Gemini TokenCount "POST" Json "/v1beta/models/{model}:countTokens";
    BedrockTokenCount Bedrock TokenCount "POST" Json "/model/{model}/count-tokens";
    CohereTokenize Cohere Tokenize "POST" Json "/v1/tokenize";
    CohereDetokenize Cohere Tokenize "POST" Json "/v1/detokenize";
    OpenaiModeration Openai Moderation "POST" Json "/v1/moderations";
    OpenaiSpeech Openai Speech "POST" Json "/v1/audio/speech";
    OpenaiTranscription Openai Transcription "POST" Multipart "/v1/audio/transcriptions";
    OpenaiSpeechTranslation Openai SpeechTranslation "POST" Multipart "/v1/audio/translations";
    OpenaiImageGeneration Openai ImageGeneration "POST" Json "/v1/images/generations";
    OpenaiImageEdit Openai ImageEdit "POST" Multipart "/v1/images/edits";
    OpenaiImageVariation Openai ImageVariation "POST" Multipart "/v1/images/variations";
    OpenaiRealtime Openai Realtime "GET" None "/v1/realtime";
    OpenaiRealtimeSecret Openai RealtimeKey "POST" Json "/v1/realtime/client_secrets";
    OpenaiRealtimeSession Openai RealtimeKey "POST" Json "/v1/realtime/sessions";
    GeminiLive Gemini Realtime "GET" None
        "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
    GeminiLiveAlpha Gemini Realtime "GET" None
        "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent";
    GeminiLiveByToken Gemini Realtime "GET" None
        "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained";
    GeminiLiveToken Gemini RealtimeKey "POST" Json "/v1alpha/auth_tokens";
    OpenaiModelList Openai ModelList "GET" None "/v1/models";
    AnthropicModelList Anthropic ModelList "GET" None "/v1/models";
    GeminiModelList Gemini ModelList "GET" None "/v1beta/models";
    CohereModelList Cohere ModelList "GET" None "/v1/models";
    OpenaiModelGet Openai ModelGet "GET" None "/v1/models/{model}";
    AnthropicModelGet Anthropic ModelGet "GET" None "/v1/models/{model}";
    GeminiModelGet Gemini ModelGet "GET" None "/v1beta/models/{model}";
    CohereModelGet Cohere ModelGet "GET" None "/v1/models/{model}";
    OpenaiReplyCompact Openai ReplyCompact "POST" Json "/v1/responses/compact";
    OpenaiReplyGet Openai ReplyGet "GET" None "/v1/responses/{id}";
    OpenaiReplyDelete Openai ReplyDelete "DELETE" None "/v1/responses/{id}";
    OpenaiReplyCancel Openai ReplyCancel "POST" Opaque "/v1/responses/{id}/cancel";
    OpenaiReplyInputs Openai ReplyInputs "GET" None "/v1/responses/{id}/input_items";
    OpenaiChatList Openai ChatList "GET" None "/v1/chat/completions";
    OpenaiChatGet Openai ChatGet "GET" None "/v1/chat/completions/{id}";
    OpenaiChatUpdate Openai ChatUpdate "POST" Json "/v1/chat/completions/{id}";
    OpenaiChatDelete Openai ChatDelete "DELETE" None "/v1/chat/completions/{id}";
    OpenaiChatMessages Openai ChatMessages "GET" None "/v1/chat/completions/{id}/messages";
    GeminiFileContent Gemini FileContent "GET" None "/v1beta/files/{id}:download";
    OpenaiFileUpload Openai FileUpload "POST" Multipart "/v1/files";
    OpenaiFileList Openai FileList "GET" None "/v1/files";
    OpenaiFileGet Openai FileGet "GET" None "/v1/files/{id}";
    OpenaiFileDelete Openai FileDelete "DELETE" None "/v1/files/{id}";
    OpenaiFileContent Openai FileContent "GET" None "/v1/files/{id}/content";
    AnthropicFileUpload Anthropic FileUpload "POST" Multipart "/v1/files";
    AnthropicFileList Anthropic FileList "GET" None "/v1/files";
    AnthropicFileGet Anthropic FileGet "GET" None "/v1/files/{id}";
    AnthropicFileDelete Anthropic FileDelete "DELETE" None "/v1/files/{id}";
    AnthropicFileContent Anthropic FileContent "GET" None "/v1/files/{id}/content";
    GeminiFileUpload Gemini FileUpload "POST" Opaque "/upload/v1beta/files";
    GeminiFileList Gemini FileList "GET" None "/v1beta/files";
    GeminiFileGet Gemini FileGet "GET" None "/v1beta/files/{id}";
    GeminiFileDelete Gemini FileDelete "DELETE" None "/v1beta/files/{id}";
    GeminiCacheCreate Gemini CacheCreate "POST" Json "/v1beta/cachedContents";
    GeminiCacheList Gemini CacheList "GET" None "/v1beta/cachedContents";
    GeminiCacheGet Gemini CacheGet "GET" None "/v1beta/cachedContents/{id}";
    GeminiCacheUpdate Gemini CacheUpdate "PATCH" Json "/v1beta/cachedContents/{id}";
    GeminiCacheDelete Gemini CacheDelete "DELETE" None "/v1beta/cachedContents/{id}";
    OpenaiUploadCreate Openai UploadCreate "POST" Json "/v1/uploads";
    OpenaiUploadPart Openai UploadPart "POST" Multipart "/v1/uploads/{id}/parts";
    OpenaiUploadComplete Openai UploadComplete "POST" Json "/v1/uploads/{id}/complete";
    OpenaiUploadCancel Openai UploadCancel "POST" Opaque "/v1/uploads/{id}/cancel";
    OpenaiBatchCreate Openai BatchCreate "POST" Json "/v1/batches";
    OpenaiBatchList Openai BatchList "GET" None "/v1/batches";
    OpenaiBatchGet Openai BatchGet "GET" None "/v1/batches/{id}";
    OpenaiBatchCancel Openai BatchCancel "POST" Opaque "/v1/batches/{id}/cancel";
    AnthropicBatchCreate Anthropic BatchCreate "POST" Json "/v1/messages/batches";
    AnthropicBatchList Anthropic BatchList "GET" None "/v1/messages/batches";
    AnthropicBatchGet Anthropic BatchGet "GET" None "/v1/messages/batches/{id}";
    AnthropicBatchCancel Anthropic BatchCancel "POST" Opaque "/v1/messages/batches/{id}/cancel";
    AnthropicBatchDelete Anthropic BatchDelete "DELETE" None "/v1/messages/batches/{id}";
    AnthropicBatchResults Anthropic BatchResults "GET" None "/v1/messages/batches/{id}/results";
    GeminiBatchCreate Gemini BatchCreate "POST" Json "/v1beta/models/{model}:batchGenerateContent";
    GeminiEmbeddingBatchCreate Gemini BatchCreate "POST" Json
        "/v1beta/models/{model}:asyncBatchEmbedContent";
    GeminiBatchList Gemini BatchList "GET" None "/v1beta/batches";
    GeminiBatchGet Gemini BatchGet "GET" None "/v1beta/batches/{id}";
    GeminiBatchCancel Gemini BatchCancel "POST" Opaque "/v1beta/batches/{id}:cancel";
    GeminiBatchDelete Gemini BatchDelete "DELETE" None "/v1beta/batches/{id}";
    OpenaiConversationCreate Openai ConversationCreate "POST" Json "/v1/conversations";
    OpenaiConversationGet Openai ConversationGet "GET" None "/v1/conversations/{id}";
    OpenaiConversationUpdate Openai ConversationUpdate "POST" Json "/v1/conversations/{id}";
    OpenaiConversationDelete Openai ConversationDelete "DELETE" None "/v1/conversations/{id}";
    OpenaiItemAdd Openai ItemAdd "POST" Json "/v1/conversations/{id}/items";
    OpenaiItemList Openai ItemList "GET" None "/v1/conversations/{id}/items";
    OpenaiItemGet Openai ItemGet "GET" None "/v1/conversations/{id}/items/{part}";
    OpenaiItemDelete Openai ItemDelete "DELETE" None "/v1/conversations/{id}/items/{part}";
    OpenaiStoreCreate Openai StoreCreate "POST" Json "/v1/vector_stores";
    OpenaiStoreList Openai StoreList "GET" None "/v1/vector_stores";
    OpenaiStoreGet Openai StoreGet "GET" None "/v1/vector_stores/{id}";
    OpenaiStoreUpdate Openai StoreUpdate "POST" Json "/v1/vector_stores/{id}";
    OpenaiStoreDelete Openai StoreDelete "DELETE" None "/v1/vector_stores/{id}";
    OpenaiStoreSearch Openai StoreSearch "POST" Json "/v1/vector_stores/{id}/search";
    OpenaiStoreFileAdd Openai StoreFileAdd "POST" Json "/v1/vector_stores/{id}/files";
    OpenaiStoreFileList Openai StoreFileList "GET" None "/v1/vector_stores/{id}/files";
    OpenaiStoreFileGet Openai StoreFileGet "GET" None "/v1/vector_stores/{id}/files/{part}";
    OpenaiStoreFileUpdate Openai StoreFileUpdate "POST" Json "/v1/vector_stores/{id}/files/{part}";
    OpenaiStoreFileDelete Openai StoreFileDelete "DELETE" None
        "/v1/vector_stores/{id}/files/{part}";
    OpenaiStoreFileContent Openai StoreFileContent "GET" None
        "/v1/vector_stores/{id}/files/{part}/content";
    OpenaiStoreFilesAdd Openai StoreFileAdd "POST" Json "/v1/vector_stores/{id}/file_batches";
    OpenaiStoreFilesGet Openai StoreFileGet "GET" None "/v1/vector_stores/{id}/file_batches/{part}";
    OpenaiStoreFilesList Openai StoreFileList "GET" None
        "/v1/vector_stores/{id}/file_batches/{part}/files";
    OpenaiStoreFilesCancel Openai StoreFilesCancel "POST" Opaque
        "/v1/vector_stores/{id}/file_batches/{part}/cancel";
    OpenaiContainerCreate Openai ContainerCreate "POST" Json "/v1/containers";
    OpenaiContainerList Openai ContainerList "GET" None "/v1/containers";
    OpenaiContainerGet Openai ContainerGet "GET" None "/v1/containers/{id}";
    OpenaiContainerDelete Openai ContainerDelete "DELETE" None "/v1/containers/{id}";
    OpenaiContainerFileAdd Openai ContainerFileAdd "POST" Multipart "/v1/containers/{id}/files";
    OpenaiContainerFileList Openai ContainerFileList "GET" None "/v1/containers/{id}/files";
    OpenaiContainerFileGet Openai ContainerFileGet "GET" None "/v1/containers/{id}/files/{part}";
    OpenaiContainerFileDelete Openai ContainerFileDelete "DELETE" None
        "/v1/containers/{id}/files/{part}";
    OpenaiContainerFileContent Openai ContainerFileContent "GET" None
        "/v1/containers/{id}/files/{part}/content";
}
