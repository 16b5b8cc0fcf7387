//! Where requests name what lives at a provider.

use super::super::Family;
use super::Shape::{Each, Fields, Id, Item, Link, Name, Own};
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
            _ => None,
        },
        _ => None,
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

/// Mistral names the file in the part itself.
static CHAT: Shape = Fields(&[(
    "messages",
    Fields(&[
        ("content", Fields(&[("file", Fields(&[FILE_ID])), FILE_ID])),
        ("audio", Fields(&[("id", Id(Kept::Audio, &[]))])),
    ]),
)]);

/// A part of a message, or of what a tool gave back.
static PART: Shape = Fields(&[FILE_ID]);

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
            ("input_image_mask", Fields(&[FILE_ID])),
        ]),
    ),
    ("prompt", Fields(&[("id", Id(Kept::Prompt, &[])), ("variables", Each(&PART))])),
]);

/// An item of a conversation.
static ITEM: [Member; 4] = [
    ("content", Fields(&[FILE_ID])),
    ("output", Fields(&[FILE_ID])),
    // A call of the interpreter says where the next one is to run.
    CONTAINER_ID,
    ("environment", Fields(&[CONTAINER_ID, FILE_IDS, SKILLS])),
];

static CONVERSATION: Shape = Fields(&[("items", Item(&ITEM))]);
static FILES: Shape = Fields(&[FILE_ID, FILE_IDS, ("files", Fields(&[FILE_ID]))]);
static NEW_CONTAINER: Shape = Fields(&[FILE_IDS, SKILLS]);

static OPENAI_BATCH: Shape = Fields(&[("input_file_id", Id(Kept::File, &[]))]);

static IMAGE_EDIT: Shape = Fields(&[
    ("images", Fields(&[FILE_ID])),
    ("image", Fields(&[FILE_ID])),
    ("mask", Fields(&[FILE_ID])),
]);

/// A block of content, with what may be in it: what a tool gave back, a document's own blocks.
static BLOCK: [Member; 3] = [
    FILE_ID,
    ("source", Fields(&SOURCE)),
    // Where code has left a file is told there, too, and names nothing.
    ("content", Fields(&[("source", Fields(&SOURCE))])),
];
static SOURCE: [Member; 2] = [FILE_ID, ("content", Fields(&[("source", Fields(&[FILE_ID]))]))];

static MESSAGES_FIELDS: [Member; 3] = [
    ("messages", Fields(&[("content", Fields(&BLOCK))])),
    ("system", Fields(&BLOCK)),
    ("container", Id(Kept::Container, &[("id", Id(Kept::Container, &[])), SKILLS])),
];
static MESSAGES: Shape = Fields(&MESSAGES_FIELDS);
static ANTHROPIC_BATCH: Shape =
    Fields(&[("requests", Fields(&[("params", Fields(&MESSAGES_FIELDS))]))]);

static GEMINI_PART: [Member; 4] = [
    ("fileData", Fields(&FILE_DATA)),
    ("file_data", Fields(&FILE_DATA)),
    ("functionResponse", Fields(&FUNCTION_RESPONSE)),
    ("function_response", Fields(&FUNCTION_RESPONSE)),
];
static FILE_DATA: [Member; 2] = [("fileUri", Link), ("file_uri", Link)];
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
