//! One event as it is written, before anything is made of it: its fields come in any order.

use super::super::{annotation, item};
use crate::chat::{Citation, Text, TokenLogprob};
use crate::json::{Cursor, JsonError, Kind};

/// An event.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    pub(super) kind: Text<'a>,
    /// Which item.
    pub(super) output: u64,
    /// Which part of it, of its content or of its summary.
    pub(super) inner: u64,
    pub(super) delta: Option<Text<'a>>,
    /// The whole of what deltas told.
    pub(super) whole: Option<Text<'a>>,
    pub(super) logprobs: Vec<TokenLogprob<'a>>,
    pub(super) citation: Option<Citation<'a>>,
    pub(super) item: Option<Cursor<'a>>,
    pub(super) response: Option<Cursor<'a>>,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Event<'a>, JsonError> {
    let mut event = Event::default();
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("type", _) => event.kind = cursor.text()?,
            ("output_index", _) => event.output = cursor.count()?,
            ("content_index" | "summary_index", _) => event.inner = cursor.count()?,
            ("delta", Kind::Text) => event.delta = Some(cursor.text()?),
            ("text" | "refusal" | "arguments" | "input", Kind::Text) => {
                event.whole = Some(cursor.text()?);
            }
            ("logprobs", Kind::Array) => event.logprobs = item::read_logprobs(cursor)?,
            ("annotation", Kind::Object) => event.citation = Some(annotation::read(cursor)?),
            ("item", Kind::Object) => {
                event.item = Some(cursor.clone_at());
                cursor.skip()?;
            }
            ("response", Kind::Object) => {
                event.response = Some(cursor.clone_at());
                cursor.skip()?;
            }
            // Where it belongs is told by numbers as well; of a failure all is read again.
            (
                "sequence_number" | "item_id" | "obfuscation" | "part" | "annotation_index"
                | "error" | "code" | "message" | "param" | "name",
                _,
            ) => cursor.skip()?,
            // Progress of tools that the provider runs has fields of its own: the item tells it.
            _ if !says_words(&event.kind) => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(event)
}

/// Whether an event says words of the answer.
fn says_words(kind: &str) -> bool {
    ["response.output_text.", "response.refusal.", "response.reasoning_", "response.function_call"]
        .iter()
        .any(|begin| kind.starts_with(begin))
}
