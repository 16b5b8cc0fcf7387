//! What of an answer is open while it is written: calls are kept until they are whole, and
//! citations until the answer ends, for there is no form for pieces of them.

use super::super::grounding::Cited;
use super::super::signature;
use super::super::text_so_far::TextSoFar;
use crate::chat::{Delta, Finish, PartKind, Text, ToolCall};

/// Where an answer is.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) open: Vec<Open>,
    pub(super) cited: Vec<Cited<'static>>,
    pub(super) finish: Option<Finish>,
}

/// A part that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) part: u32,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Text, and what is written as such.
    Text(TextSoFar),
    Reasoning,
    Call(Call),
    Media,
    /// What is written whole when it begins, or not at all.
    Done,
}

/// A call until it is whole.
#[derive(Debug)]
pub(super) struct Call {
    id: String,
    name: String,
    arguments: String,
    pub(super) signature: Option<String>,
}

impl Kind {
    pub(super) fn new(kind: &PartKind<'_>) -> Self {
        match kind {
            PartKind::Text | PartKind::Refusal => Self::Text(TextSoFar::default()),
            PartKind::Reasoning { id: _ } => Self::Reasoning,
            PartKind::ToolCall { id, name, is_free_form: _ } => Self::Call(Call {
                id: id.as_ref().to_owned(),
                name: name.as_ref().to_owned(),
                arguments: String::new(),
                signature: None,
            }),
            PartKind::Media(_) => Self::Media,
            PartKind::ProviderOnly(_) => Self::Done,
        }
    }
}

impl Call {
    pub(super) fn add(&mut self, delta: &Delta<'_>) {
        match delta {
            Delta::Arguments(text) => self.arguments.push_str(text),
            Delta::Signature(one) => {
                self.signature = Some(signature::write(one, false).into_owned());
            }
            _ => {}
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        Some(self.id.as_str()).filter(|id| !id.is_empty())
    }

    pub(super) fn whole(&self) -> ToolCall<'_> {
        ToolCall {
            id: Text::Borrowed(&self.id),
            name: Text::Borrowed(&self.name),
            arguments: Text::Borrowed(&self.arguments),
            is_free_form: false,
            signature: None,
        }
    }
}
