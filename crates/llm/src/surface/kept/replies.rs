//! Where replies say that something was made which lives at the provider now.

use super::Shape::{Fields, Id, Name};
use super::{Kept, Member, Operation, Shape, Surface};
use crate::dialect::Dialect;

/// What a reply at a surface may say was made.
pub(super) fn of(surface: Surface) -> Option<&'static Shape> {
    use super::super::Family::{Gemini, Openai};
    match (surface.operation(), surface.family()) {
        (Operation::Chat, _) => match surface.dialect() {
            Dialect::OpenaiResponses => Some(&REPLY),
            Dialect::AnthropicMessages => Some(&MESSAGE),
            Dialect::OpenaiChat => Some(&COMPLETION),
            _ => None,
        },
        (Operation::ReplyCompact, _) => Some(&REPLY),
        (Operation::ReplyGet, _) => Some(&KNOWN_REPLY),
        (Operation::UploadCreate, _) => Some(&UPLOAD),
        (Operation::UploadComplete, _) => Some(&COMPLETED),
        (Operation::CacheCreate, _) => Some(&CACHE),
        (Operation::FileUpload, Gemini) => Some(&GEMINI_FILE),
        (Operation::FileUpload, _) => Some(&FILE),
        (Operation::BatchCreate, Gemini) => Some(&GEMINI_BATCH),
        (Operation::BatchCreate, _) => Some(&BATCH),
        (Operation::ConversationCreate, _) => Some(&CONVERSATION),
        (Operation::ItemAdd | Operation::ItemList, _) => Some(&ITEMS),
        (Operation::StoreCreate, _) => Some(&STORE),
        (Operation::ContainerCreate, _) => Some(&NEW_CONTAINER),
        (Operation::BatchList, Openai) => Some(&LISTED_BATCHES),
        (Operation::BatchGet, Gemini) => Some(&KNOWN_GEMINI_BATCH),
        (Operation::BatchGet | Operation::BatchCancel, Openai) => Some(&KNOWN_BATCH),
        _ => None,
    }
}

/// What an event of a chat's stream may say was made.
pub(super) fn of_event(dialect: Dialect) -> Option<&'static Shape> {
    match dialect {
        Dialect::OpenaiResponses => Some(&REPLY_EVENT),
        Dialect::AnthropicMessages => Some(&MESSAGE_EVENT),
        Dialect::OpenaiChat => Some(&COMPLETION_EVENT),
        _ => None,
    }
}

/// The answer that a chat stores, in a whole reply and in each event of its stream.
pub(super) static STORED: Shape = Fields(&[("id", Id(Kept::Chat, &[]))]);

/// Items of an answer can be named alone, and so can where its code was run.
const OUTPUT: Member =
    ("output", Fields(&[("id", Id(Kept::Item, &[])), ("container_id", Id(Kept::Container, &[]))]));
static REPLY_FIELDS: [Member; 2] = [("id", Id(Kept::Reply, &[])), OUTPUT];
static REPLY: Shape = Fields(&REPLY_FIELDS);
static REPLY_EVENT: Shape = Fields(&[("response", Fields(&REPLY_FIELDS))]);
static KNOWN_REPLY: Shape = Fields(&[OUTPUT]);

const CONTAINER: Member = ("container", Fields(&[("id", Id(Kept::Container, &[]))]));
static MESSAGE: Shape = Fields(&[CONTAINER]);
static MESSAGE_EVENT: Shape =
    Fields(&[("message", Fields(&[CONTAINER])), ("delta", Fields(&[CONTAINER]))]);

/// What was said aloud can be named in the next turn.
const SAID: [Member; 1] = [("audio", Fields(&[("id", Id(Kept::Audio, &[]))]))];
static COMPLETION: Shape = Fields(&[("choices", Fields(&[("message", Fields(&SAID))]))]);
static COMPLETION_EVENT: Shape = Fields(&[("choices", Fields(&[("delta", Fields(&SAID))]))]);

static CONVERSATION: Shape = Fields(&[("id", Id(Kept::Conversation, &[]))]);
static ITEMS: Shape = Fields(&[("data", Fields(&[("id", Id(Kept::Item, &[]))]))]);
static STORE: Shape = Fields(&[("id", Id(Kept::Store, &[]))]);
static NEW_CONTAINER: Shape = Fields(&[("id", Id(Kept::Container, &[]))]);

static UPLOAD: Shape = Fields(&[("id", Id(Kept::Upload, &[]))]);
/// The file that an upload has come to.
static COMPLETED: Shape = Fields(&[("file", Fields(&[("id", Id(Kept::File, &[]))]))]);
static CACHE: Shape = Fields(&[("name", Name(Kept::Cache))]);

static FILE: Shape = Fields(&[("id", Id(Kept::File, &[]))]);
static GEMINI_FILE: Shape =
    Fields(&[("name", Name(Kept::File)), ("file", Fields(&[("name", Name(Kept::File))]))]);

/// The files that a batch comes to.
const OUTPUT_FILE: Member = ("output_file_id", Id(Kept::File, &[]));
const ERROR_FILE: Member = ("error_file_id", Id(Kept::File, &[]));
static BATCH: Shape = Fields(&[("id", Id(Kept::Batch, &[])), OUTPUT_FILE, ERROR_FILE]);
static KNOWN_BATCH: Shape = Fields(&[OUTPUT_FILE, ERROR_FILE]);
static LISTED_BATCHES: Shape = Fields(&[("data", Fields(&[OUTPUT_FILE, ERROR_FILE]))]);

const RESPONSE: Member = ("response", Fields(&[("responsesFile", Name(Kept::File))]));
const METADATA: Member =
    ("metadata", Fields(&[("output", Fields(&[("responsesFile", Name(Kept::File))]))]));
static GEMINI_BATCH: Shape = Fields(&[("name", Name(Kept::Batch)), RESPONSE, METADATA]);
static KNOWN_GEMINI_BATCH: Shape = Fields(&[RESPONSE, METADATA]);
