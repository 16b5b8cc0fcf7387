//! An item that is being told, and its part that grows.

use super::super::item::{Head, Item, Said, write_summary};
use super::super::{annotation, opaque};
use super::tell::Tell;
use crate::chat::{Delta, PartKind, Signature, Text, TokenLogprob};
use crate::dialect::logprob;
use crate::json::Writer;

/// An item that is being told.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u64,
    /// The part of the form that grows in it.
    pub(super) part: u32,
    /// The signature of a call, which needs an item of its own.
    pub(super) signature: Option<Signature<'static>>,
    id: String,
    item: Item<'static>,
    /// Whether a part of it has begun and not ended.
    is_part_open: bool,
}

impl Open {
    /// Begins to tell an item.
    pub(super) fn new(item: Item<'static>, id: &str, index: u64, tell: &mut Tell<'_>) -> Self {
        let own_id = match &item {
            Item::Reasoning(reasoning) => reasoning.id.as_deref().map(str::to_owned),
            _ => None,
        };
        let id = own_id.unwrap_or_else(|| format!("{}_{id}_{index}", item.prefix()));
        let open = Self { index, part: 0, signature: None, id, item, is_part_open: false };
        tell.event("response.output_item.added", |w| {
            w.key("output_index").count(index);
            w.key("item");
            open.item.write(Head { id: Some(&open.id), status: Some("in_progress") }, w);
        });
        open
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.item, Item::Call { .. })
    }

    /// Whether more parts may come into it.
    pub(super) fn may_grow(&self) -> bool {
        matches!(self.item, Item::Message(_) | Item::Reasoning(_))
    }

    /// Whether a part of that kind belongs into it.
    pub(super) fn takes(&self, kind: &PartKind<'_>) -> bool {
        match (&self.item, kind) {
            (Item::Message(_), PartKind::Text | PartKind::Refusal) => true,
            (Item::Reasoning(reasoning), PartKind::Reasoning { id }) => {
                id.is_some() && reasoning.id.as_deref() == id.as_deref()
            }
            _ => false,
        }
    }

    /// Begins a part of it. A thought begins with its first text: there may be none.
    pub(super) fn start(&mut self, part: u32, kind: &PartKind<'_>, tell: &mut Tell<'_>) {
        self.end_part(tell);
        self.part = part;
        if let Item::Message(parts) = &mut self.item {
            let is_refusal = matches!(kind, PartKind::Refusal);
            parts.push(Said { is_refusal, ..Said::default() });
            self.part_event("response.content_part.added", tell, |w| {
                w.key("part");
                Said { is_refusal, ..Said::default() }.write(w);
            });
            self.is_part_open = true;
        }
    }

    /// Adds to the part that grows.
    pub(super) fn add(&mut self, delta: &Delta<'_>, tell: &mut Tell<'_>) {
        match (&mut self.item, delta) {
            (Item::Message(parts), Delta::Text(more)) => {
                let Some(said) = parts.last_mut() else { return };
                said.text.to_mut().push_str(more);
                let is_refusal = said.is_refusal;
                let kind = if is_refusal { "refusal" } else { "output_text" };
                self.part_event(&format!("response.{kind}.delta"), tell, |w| {
                    w.key("delta").text(more);
                    if !is_refusal {
                        w.key("logprobs").array(|_| {});
                    }
                });
            }
            (Item::Message(parts), Delta::Citation(citation)) => {
                let Some(said) = parts.last_mut() else { return };
                let index = said.citations.count();
                said.citations.push(|w| annotation::write(citation, w));
                self.part_event("response.output_text.annotation.added", tell, |w| {
                    w.key("annotation_index").count(index);
                    w.key("annotation");
                    annotation::write(citation, w);
                });
            }
            (Item::Reasoning(_), Delta::Text(more)) => self.think(more, tell),
            (Item::Reasoning(reasoning), Delta::Signature(value)) => {
                reasoning.opaque = Some(owned(opaque::write(opaque::Sort::Signature, value)));
            }
            (Item::Reasoning(reasoning), Delta::Encrypted(value)) => {
                reasoning.opaque = Some(owned(opaque::write(opaque::Sort::Encrypted, value)));
            }
            (Item::Call { arguments, is_free_form, .. }, Delta::Arguments(more)) => {
                arguments.to_mut().push_str(more);
                let name = call_event(*is_free_form, "delta");
                self.item_event(&name, tell, |w| w.key("delta").text(more));
            }
            (Item::Call { .. }, Delta::Signature(value)) => {
                let Signature { maker, value } = value.clone();
                self.signature = Some(Signature { maker, value: owned(value) });
            }
            (
                Item::Image { media_type, base64 },
                Delta::Bytes { media_type: said, base64: more, transcript: _ },
            ) => {
                said.iter().for_each(|said| *media_type = owned(said.clone()));
                base64.to_mut().push_str(more);
            }
            // A delta of another sort than its part breaks the reader's promise.
            _ => {}
        }
    }

    fn think(&mut self, more: &str, tell: &mut Tell<'_>) {
        let Item::Reasoning(reasoning) = &mut self.item else { return };
        let is_first = !std::mem::replace(&mut self.is_part_open, true);
        if is_first {
            reasoning.texts.push(Text::default());
        }
        if let Some(text) = reasoning.texts.last_mut() {
            text.to_mut().push_str(more);
        }
        if is_first {
            self.part_event("response.reasoning_summary_part.added", tell, |w| {
                w.key("part");
                write_summary("", w);
            });
        }
        self.part_event("response.reasoning_summary_text.delta", tell, |w| {
            w.key("delta").text(more);
        });
    }

    /// Adds log probabilities of the text that grows.
    pub(super) fn add_logprobs(&mut self, tokens: &[TokenLogprob<'_>], tell: &mut Tell<'_>) {
        let Item::Message(parts) = &mut self.item else { return };
        let Some(said) = parts.last_mut().filter(|said| !said.is_refusal) else { return };
        tokens.iter().for_each(|token| said.logprobs.push(|w| logprob::write(token, w)));
        self.part_event("response.output_text.delta", tell, |w| {
            // The text has been told; this brings what was said about it since.
            w.key("delta").text("");
            w.key("logprobs").array(|w| tokens.iter().for_each(|token| logprob::write(token, w)));
        });
    }

    /// Ends the item and gives its text.
    pub(super) fn end(mut self, tell: &mut Tell<'_>) -> String {
        self.end_part(tell);
        if let Item::Call { arguments, is_free_form, name, .. } = &self.item {
            let field = if *is_free_form { "input" } else { "arguments" };
            self.item_event(&call_event(*is_free_form, "done"), tell, |w| {
                w.text_field("name", Some(name.as_ref()).filter(|_| !is_free_form));
                w.key(field).text(arguments);
            });
        }
        let mut json = Vec::new();
        let head = Head { id: Some(&self.id), status: Some("completed") };
        self.item.write(head, &mut Writer::new(&mut json));
        let json = String::from_utf8(json).expect("the writer writes text");
        tell.event("response.output_item.done", |w| {
            w.key("output_index").count(self.index);
            w.key("item").json(&json);
        });
        json
    }

    fn end_part(&mut self, tell: &mut Tell<'_>) {
        if !std::mem::replace(&mut self.is_part_open, false) {
            return;
        }
        match &self.item {
            Item::Message(parts) => {
                let Some(said) = parts.last() else { return };
                let (name, field) = match said.is_refusal {
                    true => ("response.refusal.done", "refusal"),
                    false => ("response.output_text.done", "text"),
                };
                self.part_event(name, tell, |w| {
                    w.key(field).text(&said.text);
                    if !said.is_refusal {
                        said.logprobs.write("logprobs", w);
                    }
                });
                self.part_event("response.content_part.done", tell, |w| {
                    w.key("part");
                    said.write(w);
                });
            }
            Item::Reasoning(reasoning) => {
                let Some(text) = reasoning.texts.last() else { return };
                self.part_event("response.reasoning_summary_text.done", tell, |w| {
                    w.key("text").text(text);
                });
                self.part_event("response.reasoning_summary_part.done", tell, |w| {
                    w.key("part");
                    write_summary(text, w);
                });
            }
            _ => {}
        }
    }

    fn item_event(&self, name: &str, tell: &mut Tell<'_>, body: impl FnOnce(&mut Writer<'_>)) {
        tell.event(name, |w| {
            w.key("item_id").text(&self.id);
            w.key("output_index").count(self.index);
            body(w);
        });
    }

    /// An event about the part that came last.
    fn part_event(&self, name: &str, tell: &mut Tell<'_>, body: impl FnOnce(&mut Writer<'_>)) {
        let (field, count) = match &self.item {
            Item::Message(parts) => ("content_index", parts.len()),
            Item::Reasoning(reasoning) => ("summary_index", reasoning.texts.len()),
            _ => ("content_index", 0),
        };
        self.item_event(name, tell, |w| {
            w.key(field).count(count.saturating_sub(1) as u64);
            body(w);
        });
    }
}

fn call_event(is_free_form: bool, what: &str) -> String {
    let kind = if is_free_form { "custom_tool_call_input" } else { "function_call_arguments" };
    format!("response.{kind}.{what}")
}

fn owned(text: Text<'_>) -> Text<'static> {
    Text::Owned(text.into_owned())
}
