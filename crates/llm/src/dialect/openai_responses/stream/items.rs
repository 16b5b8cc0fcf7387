//! The items of an answer that is being told: those that are open, and the text of those that are
//! complete, which the last event tells again.

use super::super::item::{Item, Reasoning, signature_of_call};
use super::open::Open;
use super::tell::Tell;
use crate::chat::{Delta, Maker, MediaKind, PartKind, Text, TokenLogprob};
use crate::json::Writer;

/// The items of an answer.
#[derive(Debug)]
pub(super) struct Items {
    /// What the ids of items have in common.
    id: String,
    next_index: u64,
    open: Vec<Open>,
    /// By their index.
    done: Vec<(u64, String)>,
}

impl Items {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), next_index: 0, open: Vec::new(), done: Vec::new() }
    }

    /// A part begins: in the item that is open, or in one of its own.
    pub(super) fn start(&mut self, part: u32, kind: &PartKind<'_>, tell: &mut Tell<'_>) {
        if let Some(open) = self.open.iter_mut().find(|open| open.takes(kind)) {
            return open.start(part, kind, tell);
        }
        let item = match kind {
            PartKind::Text | PartKind::Refusal => Item::Message(Vec::new()),
            PartKind::Reasoning { id } => {
                let id = id.as_deref().map(|id| Text::Owned(id.to_owned()));
                Item::Reasoning(Reasoning { id, ..Reasoning::default() })
            }
            PartKind::ToolCall { id, name, is_free_form } => Item::Call {
                call_id: Text::Owned(id.as_ref().to_owned()),
                name: Text::Owned(name.as_ref().to_owned()),
                arguments: Text::default(),
                is_free_form: *is_free_form,
            },
            PartKind::Media(MediaKind::Image) => {
                Item::Image { media_type: Text::default(), base64: Text::default() }
            }
            PartKind::ProviderOnly(only) if only.maker == Maker::Openai => {
                Item::Own(Text::Owned(only.json.as_str().to_owned()))
            }
            // Sound and what is another provider's own have no item.
            PartKind::Media(_) | PartKind::ProviderOnly(_) => return,
        };
        self.end_where(|open| !open.is_call(), tell);
        let mut open = self.begin(item, tell);
        open.start(part, kind, tell);
        self.open.push(open);
    }

    /// More of a part.
    pub(super) fn add(&mut self, part: u32, delta: &Delta<'_>, tell: &mut Tell<'_>) {
        if let Some(open) = self.open.iter_mut().find(|open| open.part == part) {
            open.add(delta, tell);
        }
    }

    /// Log probabilities of the text that is open.
    pub(super) fn add_logprobs(&mut self, tokens: &[TokenLogprob<'_>], tell: &mut Tell<'_>) {
        self.open.iter_mut().for_each(|open| open.add_logprobs(tokens, tell));
    }

    /// A part is complete. Messages and thoughts wait for what may yet come into them.
    pub(super) fn end(&mut self, part: u32, tell: &mut Tell<'_>) {
        self.end_where(|open| open.part == part && !open.may_grow(), tell);
    }

    /// The answer is complete.
    pub(super) fn end_all(&mut self, tell: &mut Tell<'_>) {
        self.end_where(|_| true, tell);
    }

    /// Writes the items that are complete, into an array that is open.
    pub(super) fn write(&mut self, w: &mut Writer<'_>) {
        self.done.sort_by_key(|(index, _)| *index);
        self.done.iter().for_each(|(_, item)| w.json(item));
    }

    fn begin(&mut self, item: Item<'static>, tell: &mut Tell<'_>) -> Open {
        let index = self.next_index;
        self.next_index += 1;
        Open::new(item, &self.id, index, tell)
    }

    fn end_where(&mut self, which: impl Fn(&Open) -> bool, tell: &mut Tell<'_>) {
        while let Some(place) = self.open.iter().position(&which) {
            let mut open = self.open.remove(place);
            let signature = open.signature.take();
            self.done.push((open.index, open.end(tell)));
            if let Some(signature) = signature {
                let bringer = self.begin(signature_of_call(&signature), tell);
                self.done.push((bringer.index, bringer.end(tell)));
            }
        }
    }
}
