//! Where requests name what lives at a provider.

use super::super::Family;
use super::Shape::{AnyLink, Each, Fields, FileLink, Id, Item, Link, Name, Own};
use super::{Kept, Member, Operation, Shape, Surface};
use crate::dialect::Dialect;

/// What a request at a surface may name; nothing where it names nothing.
pub(super) fn of(surface: Surface) -> Option<&'static Shape> {
    match surface {
        Surface::OpenaiTokenCount | Surface::OpenaiReplyCompact => Some(&RESPONSES),
        Surface::OpenaiBatchCreate => Some(&OPENAI_BATCH),
        Surface::OpenaiImageEdit => Some(&IMAGE_EDIT),
        Surface::OpenaiConversationCreate | Surface::OpenaiItemAdd => Some(&CONVERSATION),
        Surface::OpenaiStoreCreate
        | Surface::OpenaiStoreFileAdd
        | Surface::OpenaiStoreFilesAdd
        | Surface::OpenaiContainerFileAdd => Some(&FILES),
        Surface::OpenaiContainerCreate => Some(&NEW_CONTAINER),
        Surface::AnthropicTokenCount => Some(&MESSAGES),
        Surface::AnthropicBatchCreate => Some(&ANTHROPIC_BATCH),
        Surface::GeminiBatchCreate | Surface::GeminiEmbeddingBatchCreate => Some(&GEMINI_BATCH),
        Surface::BedrockTokenCount => Some(&BEDROCK_COUNT),
        surface if surface.operation() == Operation::Invoke => Some(&ANY),
        surface if surface.family() == Family::Gemini => match surface.operation() {
            Operation::Chat
            | Operation::Embedding
            | Operation::TokenCount
            | Operation::CacheCreate => Some(&GEMINI),
            _ => None,
        },
        surface if surface.operation() == Operation::Chat => match surface.dialect() {
            Dialect::OpenaiChat => Some(&CHAT),
            Dialect::OpenaiResponses => Some(&RESPONSES),
            Dialect::AnthropicMessages => Some(&MESSAGES),
            Dialect::BedrockConverse => Some(&CONVERSE),
            Dialect::CohereChat => Some(&COHERE),
            Dialect::GeminiGenerateContent => Some(&GEMINI),
        },
        surface => match surface.operation() {
            Operation::Embedding | Operation::Moderation | Operation::ImageGeneration => Some(&ANY),
            _ => None,
        },
    }
}

/// Where a request for a batch names the file of its requests.
pub(super) fn of_input(surface: Surface) -> Option<&'static Shape> {
    match surface {
        Surface::OpenaiBatchCreate => Some(&OPENAI_BATCH),
        Surface::GeminiBatchCreate | Surface::GeminiEmbeddingBatchCreate => {
            Some(&GEMINI_BATCH_FILES)
        }
        _ => None,
    }
}

const FILE_ID: Member = ("file_id", Id(Kept::File, &[]));
const FILE_IDS: Member = ("file_ids", Id(Kept::File, &[]));
const CONTAINER_ID: Member = ("container_id", Id(Kept::Container, &[]));

/// Whoever made a skill has one with such an id; those that all have are called by a word.
const SKILLS: Member = ("skills", Fields(&[("skill_id", Own(Kept::Skill, "skill_"))]));

const IMAGE_URL: Member = ("image_url", Link(&URL));
const FILE_URL: Member = ("file_url", Link(&URL));
const URL: [Member; 1] = [("url", Link(&[]))];

/// Whatever a model that is called in words of its own calls a link.
static ANY: Shape = AnyLink(&[
    "url",
    "uri",
    "image_url",
    "audio_url",
    "video_url",
    "file_url",
    "image",
    "images",
    "s3Uri",
    "s3_uri",
    "gcsUri",
    "gcs_uri",
    "storageUri",
    "storage_uri",
    "fileUri",
    "file_uri",
]);

/// Mistral names the file in the part itself, and has links to documents; servers of one's own read
/// sound and video by links.
static CHAT: Shape = Fields(&[(
    "messages",
    Fields(&[
        (
            "content",
            Fields(&[
                ("file", Fields(&[FILE_ID, ("file_data", Link(&[]))])),
                FILE_ID,
                IMAGE_URL,
                FILE_URL,
                ("audio_url", Link(&URL)),
                ("video_url", Link(&URL)),
                ("video", Link(&URL)),
                ("document_url", Link(&URL)),
            ]),
        ),
        ("audio", Fields(&[("id", Id(Kept::Audio, &[]))])),
    ]),
)]);

/// A part of a message, or of what a tool gave back.
static PART: Shape = Fields(&[FILE_ID, IMAGE_URL, FILE_URL]);

static RESPONSES: Shape = Fields(&[
    ("previous_response_id", Id(Kept::Reply, &[])),
    ("conversation", Id(Kept::Conversation, &[("id", Id(Kept::Conversation, &[]))])),
    ("input", Item(&ITEM)),
    (
        "tools",
        Fields(&[
            ("vector_store_ids", Id(Kept::Store, &[])),
            ("container", Id(Kept::Container, &[FILE_IDS, SKILLS])),
            ("environment", Fields(&[CONTAINER_ID, FILE_IDS, SKILLS])),
            ("input_image_mask", Fields(&[FILE_ID, IMAGE_URL])),
        ]),
    ),
    ("prompt", Fields(&[("id", Id(Kept::Prompt, &[])), ("variables", Each(&PART))])),
]);

/// An item of a conversation.
static ITEM: [Member; 4] = [
    ("content", Fields(&[FILE_ID, IMAGE_URL, FILE_URL])),
    ("output", Fields(&[FILE_ID, IMAGE_URL, FILE_URL])),
    // A call of the interpreter says where the next one is to run.
    CONTAINER_ID,
    ("environment", Fields(&[CONTAINER_ID, FILE_IDS, SKILLS])),
];

static CONVERSATION: Shape = Fields(&[("items", Item(&ITEM))]);
static FILES: Shape = Fields(&[FILE_ID, FILE_IDS, ("files", Fields(&[FILE_ID]))]);
static NEW_CONTAINER: Shape = Fields(&[FILE_IDS, SKILLS]);

static OPENAI_BATCH: Shape = Fields(&[("input_file_id", Id(Kept::File, &[]))]);

static IMAGE_EDIT: Shape = Fields(&[
    ("images", Link(&[FILE_ID, IMAGE_URL])),
    ("image", Link(&[FILE_ID, IMAGE_URL])),
    ("mask", Link(&[FILE_ID, IMAGE_URL])),
]);

/// A block of content, with what may be in it: what a tool gave back, a document's own blocks.
static BLOCK: [Member; 3] = [
    FILE_ID,
    ("source", Fields(&SOURCE)),
    // Where code has left a file is told there, too, and names nothing.
    ("content", Fields(&[("source", Fields(&SOURCE))])),
];
static SOURCE: [Member; 3] = [
    FILE_ID,
    ("url", Link(&[])),
    ("content", Fields(&[("source", Fields(&[FILE_ID, ("url", Link(&[]))]))])),
];

static MESSAGES_FIELDS: [Member; 3] = [
    ("messages", Fields(&[("content", Fields(&BLOCK))])),
    ("system", Fields(&BLOCK)),
    ("container", Id(Kept::Container, &[("id", Id(Kept::Container, &[])), SKILLS])),
];
static MESSAGES: Shape = Fields(&MESSAGES_FIELDS);
static ANTHROPIC_BATCH: Shape =
    Fields(&[("requests", Fields(&[("params", Fields(&MESSAGES_FIELDS))]))]);

/// What a part of Bedrock's shows may lie in a bucket.
static SHOWN: [Member; 1] = [("source", Fields(&[("s3Location", Link(&[("uri", Link(&[]))]))]))];
static CONVERSE_PART: [Member; 5] = [
    ("image", Fields(&SHOWN)),
    ("document", Fields(&SHOWN)),
    ("video", Fields(&SHOWN)),
    ("audio", Fields(&SHOWN)),
    (
        "toolResult",
        Fields(&[(
            "content",
            Fields(&[
                ("image", Fields(&SHOWN)),
                ("document", Fields(&SHOWN)),
                ("video", Fields(&SHOWN)),
                ("audio", Fields(&SHOWN)),
            ]),
        )]),
    ),
];
static CONVERSE_FIELDS: [Member; 2] = [
    ("messages", Fields(&[("content", Fields(&CONVERSE_PART))])),
    ("system", Fields(&CONVERSE_PART)),
];
static CONVERSE: Shape = Fields(&CONVERSE_FIELDS);
static BEDROCK_COUNT: Shape =
    Fields(&[("input", Fields(&[("converse", Fields(&CONVERSE_FIELDS))]))]);

static COHERE: Shape = Fields(&[("messages", Fields(&[("content", Fields(&[IMAGE_URL]))]))]);

static GEMINI_PART: [Member; 4] = [
    ("fileData", Fields(&FILE_DATA)),
    ("file_data", Fields(&FILE_DATA)),
    ("functionResponse", Fields(&FUNCTION_RESPONSE)),
    ("function_response", Fields(&FUNCTION_RESPONSE)),
];
static FILE_DATA: [Member; 2] = [("fileUri", FileLink), ("file_uri", FileLink)];
static FUNCTION_RESPONSE: [Member; 1] =
    [("parts", Fields(&[("fileData", Fields(&FILE_DATA)), ("file_data", Fields(&FILE_DATA))]))];
static PARTS: [Member; 1] = [("parts", Fields(&GEMINI_PART))];
static GEMINI_TOOLS: [Member; 2] = [
    ("fileSearch", Fields(&[("fileSearchStoreNames", Name(Kept::Store)), STORE_NAMES])),
    ("file_search", Fields(&[("fileSearchStoreNames", Name(Kept::Store)), STORE_NAMES])),
];
const STORE_NAMES: Member = ("file_search_store_names", Name(Kept::Store));

/// What a request for an answer or for vectors says, wherever it stands.
static CONTENT: [Member; 7] = [
    ("contents", Fields(&PARTS)),
    ("content", Fields(&PARTS)),
    ("systemInstruction", Fields(&PARTS)),
    ("system_instruction", Fields(&PARTS)),
    ("tools", Fields(&GEMINI_TOOLS)),
    ("cachedContent", Name(Kept::Cache)),
    ("cached_content", Name(Kept::Cache)),
];

/// The same, and what stands in requests of other operations around it.
static GEMINI: Shape = Fields(&[
    ("contents", Fields(&PARTS)),
    ("content", Fields(&PARTS)),
    ("systemInstruction", Fields(&PARTS)),
    ("system_instruction", Fields(&PARTS)),
    ("tools", Fields(&GEMINI_TOOLS)),
    ("cachedContent", Name(Kept::Cache)),
    ("cached_content", Name(Kept::Cache)),
    ("requests", Fields(&CONTENT)),
    ("generateContentRequest", Fields(&CONTENT)),
    ("generate_content_request", Fields(&CONTENT)),
]);

/// What a message of a talk may name.
pub(super) static TALK: Shape = Fields(&[
    ("setup", Fields(&CONTENT)),
    ("clientContent", Fields(&TURNS)),
    ("client_content", Fields(&TURNS)),
    ("toolResponse", Fields(&TOOL_RESPONSE)),
    ("tool_response", Fields(&TOOL_RESPONSE)),
]);
static TURNS: [Member; 1] = [("turns", Fields(&PARTS))];
static TOOL_RESPONSE: [Member; 2] = [
    ("functionResponses", Fields(&FUNCTION_RESPONSE)),
    ("function_responses", Fields(&FUNCTION_RESPONSE)),
];

static GEMINI_BATCH_INPUT: [Member; 3] = [
    ("fileName", Name(Kept::File)),
    ("file_name", Name(Kept::File)),
    ("requests", Fields(&[("requests", Fields(&[("request", Fields(&CONTENT))]))])),
];
static GEMINI_BATCH: Shape = Fields(&[(
    "batch",
    Fields(&[
        ("inputConfig", Fields(&GEMINI_BATCH_INPUT)),
        ("input_config", Fields(&GEMINI_BATCH_INPUT)),
    ]),
)]);
static INPUT_FILE: [Member; 2] = [("fileName", Name(Kept::File)), ("file_name", Name(Kept::File))];
static GEMINI_BATCH_FILES: Shape = Fields(&[(
    "batch",
    Fields(&[("inputConfig", Fields(&INPUT_FILE)), ("input_config", Fields(&INPUT_FILE))]),
)]);
