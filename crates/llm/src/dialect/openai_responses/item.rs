//! Items: what conversations, answers and streams are made of, read and written.
//!
//! An item written is this enum, whether it goes to a provider or to a client, at once or growing
//! in a stream; an item read becomes parts of the form right away.

mod content;
mod list;
mod of_parts;
mod read;

use super::opaque;
use crate::chat::Text;
use crate::json::Writer;

pub(super) use list::JsonList;
pub(super) use of_parts::{Reads, is_citable_by_provider, items};
pub(super) use read::{Read, read, read_logprobs};

/// An item to be written.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// What the model says.
    Message(Vec<Said<'a>>),
    /// What the model thought.
    Reasoning(Reasoning<'a>),
    /// A tool that the model wants called.
    Call {
        /// The id that the result is to name.
        call_id: Text<'a>,
        name: Text<'a>,
        /// Arguments, or the input of a free-form tool.
        arguments: Text<'a>,
        is_free_form: bool,
    },
    /// An image that the model made.
    Image { media_type: Text<'a>, base64: Text<'a> },
    /// An item that only OpenAI understands, whole.
    Own(Text<'a>),
}

/// A part of what the model says.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) text: Text<'a>,
    pub(super) is_refusal: bool,
    pub(super) citations: JsonList,
    pub(super) logprobs: JsonList,
}

/// What the model thought.
#[derive(Debug, Default)]
pub(super) struct Reasoning<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) texts: Vec<Text<'a>>,
    /// Whether the texts are the thoughts themselves, not summaries of them.
    pub(super) is_raw: bool,
    /// What is to come back in `encrypted_content`.
    pub(super) opaque: Option<Text<'a>>,
}

/// Who an item is and how far: clients are told, providers need no word of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'h> {
    pub(super) id: Option<&'h str>,
    pub(super) status: Option<&'h str>,
}

impl Item<'_> {
    /// What ids of such items begin with.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg",
            Self::Reasoning(_) => "rs",
            Self::Call { is_free_form: false, .. } => "fc",
            Self::Call { is_free_form: true, .. } => "ctc",
            Self::Image { .. } => "ig",
            Self::Own(_) => "item",
        }
    }

    /// Writes the item.
    pub(super) fn write(&self, head: Head<'_>, writer: &mut Writer<'_>) {
        match self {
            Self::Own(json) => writer.json(json),
            Self::Message(parts) => writer.object(|w| {
                head.write("message", w);
                w.key("role").text("assistant");
                w.key("content").array(|w| parts.iter().for_each(|part| part.write(w)));
            }),
            Self::Reasoning(reasoning) => writer.object(|w| reasoning.write(head, w)),
            Self::Call { call_id, name, arguments, is_free_form } => writer.object(|w| {
                let kind = if *is_free_form { "custom_tool_call" } else { "function_call" };
                head.write(kind, w);
                w.key("call_id").text(call_id);
                w.key("name").text(name);
                w.key(if *is_free_form { "input" } else { "arguments" }).text(arguments);
            }),
            Self::Image { media_type, base64 } => writer.object(|w| {
                head.write("image_generation_call", w);
                w.key("output_format").text(media_type.strip_prefix("image/").unwrap_or("png"));
                match base64.is_empty() {
                    true => w.key("result").null(),
                    false => w.key("result").text(base64),
                }
            }),
        }
    }
}

impl Said<'_> {
    /// Writes the part.
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.object(|w| {
            if self.is_refusal {
                w.key("type").text("refusal");
                w.key("refusal").text(&self.text);
                return;
            }
            w.key("type").text("output_text");
            w.key("text").text(&self.text);
            self.citations.write("annotations", w);
            self.logprobs.write("logprobs", w);
        });
    }
}

impl Reasoning<'_> {
    fn write(&self, head: Head<'_>, w: &mut Writer<'_>) {
        let Self { id, texts, is_raw, opaque } = self;
        let id = id.as_deref().or(head.id);
        Head { id, ..head }.write("reasoning", w);
        // A summary must be there; it is empty beside the thoughts themselves.
        w.key("summary").array(|w| {
            texts.iter().filter(|_| !is_raw).for_each(|text| write_summary(text, w));
        });
        if *is_raw {
            w.key("content").array(|w| {
                for text in texts {
                    w.object(|w| {
                        w.key("type").text("reasoning_text");
                        w.key("text").text(text);
                    });
                }
            });
        }
        w.text_field("encrypted_content", opaque.as_deref());
    }
}

/// Writes a part of a summary.
pub(super) fn write_summary(text: &str, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("type").text("summary_text");
        w.key("text").text(text);
    });
}

impl Head<'_> {
    fn write(self, kind: &str, w: &mut Writer<'_>) {
        w.text_field("id", self.id);
        w.key("type").text(kind);
        w.text_field("status", self.status);
    }
}

/// The item that brings the signature of the call before it.
pub(super) fn signature_of_call<'a>(signature: &crate::chat::Signature<'a>) -> Item<'a> {
    let opaque = Some(opaque::write(opaque::Sort::Call, signature));
    Item::Reasoning(Reasoning { opaque, ..Reasoning::default() })
}
