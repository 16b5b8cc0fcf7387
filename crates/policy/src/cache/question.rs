//! What makes two requests the same: everything that changes the answer, as one digest.
//!
//! The body counts as it is written, with its white space and the order of its outermost members
//! apart. Within them order counts, since it does for models, too: of a schema's properties the
//! first is answered first. What is not known counts. What says who asks, how the answer is sent or
//! how it is billed does not.

use architrave_llm::json::Cursor;
use architrave_llm::surface::{Operation, Surface};
use architrave_net::Fields;
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

/// Members of a body that do not change the answer.
const BESIDE_THE_QUESTION: [&str; 9] = [
    // Said by the caller of this, as it was asked for.
    "model",
    // How it is sent.
    "stream",
    "stream_options",
    // Who asks, and notes on it.
    "user",
    "safety_identifier",
    "metadata",
    "requestMetadata",
    // Where the provider keeps the prompt.
    "prompt_cache_key",
    "prompt_cache_retention",
];

/// Members that make an answer one of its kind: it is made later, or belongs to a conversation that
/// lives at the provider. Whose that is, the cache does not know.
const ONCE_ONLY: [&str; 3] = ["background", "conversation", "previous_response_id"];

/// Fields of the head that switch on what changes the answer.
const ANSWER_FIELDS: [&str; 5] =
    ["anthropic-version", "anthropic-beta", "openai-beta", "x-goog-api-version", "x-api-version"];

/// What a request is to the cache.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks; it counts unless the cache is shared.
    pub consumer: Option<&'a str>,
    /// What is asked for.
    pub surface: Surface,
    /// The model as the client names it.
    pub model: &'a str,
    /// What answers for that model, in a number: pointed elsewhere, it is another.
    pub served_by: u64,
    /// The head.
    pub fields: &'a Fields,
    /// What answers are seen through before they are kept: the guardrails' fingerprint.
    pub guards: u64,
    /// The body, JSON, as it is after the guardrails.
    pub body: &'a str,
}

/// A question in a number that no other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuestionKey([u8; SHA256_OUTPUT_LEN]);

impl QuestionKey {
    /// The key; `None` for what must be asked anew each time.
    pub(super) fn new(question: &Question<'_>, is_shared: bool) -> Option<Self> {
        if !is_answered_alike(question.surface.operation()) {
            return None;
        }
        let mut members = members(question.body)?;
        members.sort_unstable();
        let mut digest = Digest::new();
        digest.text(if is_shared { "shared" } else { "own" });
        digest.text(question.consumer.filter(|_| !is_shared).unwrap_or_default());
        digest.text(question.surface.paths()[0]);
        digest.text(question.model);
        digest.context.update(&question.served_by.to_le_bytes());
        digest.context.update(&question.guards.to_le_bytes());
        for name in ANSWER_FIELDS {
            for value in question.fields.all(name) {
                digest.text(name);
                digest.bytes(value);
            }
        }
        for (name, value) in members {
            digest.text(&name);
            digest.json(value);
        }
        Some(digest.finish())
    }
}

/// Whether the same question has the same answer, and asking it changes nothing.
const fn is_answered_alike(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Chat
            | Operation::Completion
            | Operation::Embedding
            | Operation::Rerank
            | Operation::Moderation
            | Operation::TokenCount
            | Operation::Tokenize
    )
}

/// The members that count, with the text of their values; `None` where the body is no object or
/// makes its answer one of its kind.
fn members(body: &str) -> Option<Vec<(String, &str)>> {
    let mut members = Vec::new();
    let mut is_once_only = false;
    let mut cursor = Cursor::new(body);
    let read = cursor.object(|cursor, name| {
        cursor.kind();
        let from = cursor.at();
        cursor.skip()?;
        let value = &body[from..cursor.at()];
        is_once_only |= ONCE_ONLY.contains(&name) && !matches!(value, "null" | "false");
        if !BESIDE_THE_QUESTION.contains(&name) {
            members.push((name.to_owned(), value));
        }
        Ok(())
    });
    (read.is_ok() && !is_once_only).then_some(members)
}

/// Parts of a question, each told from the next.
struct Digest {
    context: Context,
}

impl Digest {
    fn new() -> Self {
        Self { context: Context::new(&SHA256) }
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.context.update(&(bytes.len() as u64).to_le_bytes());
        self.context.update(bytes);
    }

    /// A value without the white space around its parts, which JSON alone says where it ends.
    fn json(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let (mut from, mut is_string, mut is_escaped) = (0, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_string = !is_string,
                b' ' | b'\t' | b'\n' | b'\r' if !is_string => {
                    self.context.update(&bytes[from..at]);
                    from = at + 1;
                }
                _ => {}
            }
        }
        self.context.update(&bytes[from..]);
        // No JSON has this byte, so no value runs into the next name.
        self.context.update(&[0]);
    }

    fn finish(self) -> QuestionKey {
        let mut key = [0; SHA256_OUTPUT_LEN];
        key.copy_from_slice(self.context.finish().as_ref());
        QuestionKey(key)
    }
}
