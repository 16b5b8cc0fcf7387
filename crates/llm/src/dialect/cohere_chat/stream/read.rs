//! Cohere's events to the form's. A part ends where the next one begins, as citations of a text may
//! come after its end.

use super::super::citation::Passage;
use super::event::{self, Event};
use crate::chat::{ChatError, ChatEvent, Delta, ErrorKind, Finish, PartKind, Text};
use crate::dialect::{Context, Emit, signature};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError};

/// Reads a stream of Cohere's events.
#[derive(Debug)]
pub struct Reader {
    context: Context,
    open: Option<(u32, Sort)>,
    next_part: u32,
    is_over: bool,
}

/// What the open part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Text of the answer, by its block.
    Text(u64),
    Plan,
    Reasoning(u64),
    Call {
        has_arguments: bool,
    },
}

impl Reader {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self { context: context.clone(), open: None, next_part: 0, is_over: false }
    }

    pub(in crate::dialect) fn read(
        &mut self,
        frame: &Frame<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        if self.is_over || frame.data == "[DONE]" {
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.data);
        let event = event::read(&mut cursor)?;
        cursor.end()?;
        match event.kind.as_ref() {
            "message-start" => emit(ChatEvent::Start {
                id: event.id,
                model: None,
                created_s: None,
                service_class: None,
                fingerprint: None,
            }),
            "content-start" | "content-delta" => self.content(event, emit),
            "tool-plan-delta" => {
                let plan = event.plan.unwrap_or_default();
                self.delta(Sort::Plan, Delta::Text(plan), emit);
            }
            "tool-call-start" => self.call(event, emit),
            "tool-call-delta" => {
                let more = event.call.map(|call| call.arguments).unwrap_or_default();
                self.arguments(more, emit);
            }
            "citation-start" => {
                event.passage.into_iter().for_each(|passage| self.cite(passage, emit));
            }
            "message-end" => self.finish(event, emit),
            // Ends of pieces, or a word of the future.
            _ => {}
        }
        Ok(())
    }

    /// The end is an event of its own here; a stream without it broke off.
    pub(in crate::dialect) fn end(&mut self, _emit: &mut Emit<'_>) {}

    fn content(&mut self, event: Event<'_>, emit: &mut Emit<'_>) {
        let Event { index, text, thinking, signature, tokens, .. } = event;
        let thought = Sort::Reasoning(index);
        self.delta(thought, Delta::Text(thinking.unwrap_or_default()), emit);
        if let Some(value) = signature {
            self.delta(thought, Delta::Signature(signature::read(value)), emit);
        }
        self.delta(Sort::Text(index), Delta::Text(text.unwrap_or_default()), emit);
        if !tokens.is_empty() {
            emit(ChatEvent::Logprobs { choice: 0, tokens });
        }
    }

    /// Adds to the open part of that sort, opening one where there is none; an empty text is none.
    fn delta(&mut self, sort: Sort, delta: Delta<'_>, emit: &mut Emit<'_>) {
        if matches!(&delta, Delta::Text(text) if text.is_empty()) {
            return;
        }
        let part = match self.open {
            Some((part, open)) if open == sort => part,
            _ => match sort {
                Sort::Reasoning(_) => self.open(sort, PartKind::Reasoning { id: None }, emit),
                _ => self.open(sort, PartKind::Text, emit),
            },
        };
        emit(ChatEvent::PartDelta { choice: 0, part, delta });
    }

    fn open(&mut self, sort: Sort, kind: PartKind<'_>, emit: &mut Emit<'_>) -> u32 {
        self.close(emit);
        let part = self.next_part;
        self.next_part += 1;
        self.open = Some((part, sort));
        emit(ChatEvent::PartStart { choice: 0, part, kind });
        part
    }

    fn close(&mut self, emit: &mut Emit<'_>) {
        let Some((part, sort)) = self.open.take() else { return };
        if sort == (Sort::Call { has_arguments: false }) {
            let delta = Delta::Arguments(Text::Borrowed("{}"));
            emit(ChatEvent::PartDelta { choice: 0, part, delta });
        }
        emit(ChatEvent::PartEnd { choice: 0, part });
    }

    fn call(&mut self, event: Event<'_>, emit: &mut Emit<'_>) {
        let Some(call) = event.call else { return };
        let generated = self.context.call_id(0, self.next_part);
        let id = if call.id.is_empty() { generated.into() } else { call.id };
        let kind = PartKind::ToolCall { id, name: call.name, is_free_form: false };
        self.open(Sort::Call { has_arguments: false }, kind, emit);
        self.arguments(call.arguments, emit);
    }

    fn arguments(&mut self, more: Text<'_>, emit: &mut Emit<'_>) {
        let Some((part, Sort::Call { has_arguments })) = &mut self.open else { return };
        if !more.is_empty() {
            *has_arguments = true;
            let delta = Delta::Arguments(more);
            emit(ChatEvent::PartDelta { choice: 0, part: *part, delta });
        }
    }

    /// Citations go to the text that came last.
    fn cite(&mut self, passage: Passage<'_>, emit: &mut Emit<'_>) {
        let Some((part, Sort::Text(_) | Sort::Plan)) = self.open else { return };
        for citation in passage.citations {
            let delta = Delta::Citation(citation);
            emit(ChatEvent::PartDelta { choice: 0, part, delta });
        }
    }

    fn finish(&mut self, event: Event<'_>, emit: &mut Emit<'_>) {
        self.is_over = true;
        self.close(emit);
        event.usage.into_iter().for_each(|usage| emit(ChatEvent::Usage(usage)));
        if let Some(message) = event.error {
            return emit(ChatEvent::Error(ChatError::new(ErrorKind::Internal, message)));
        }
        let finish = event.finish.unwrap_or(Finish::Stop);
        emit(ChatEvent::Finish { choice: 0, finish, stop_text: None });
        emit(ChatEvent::End);
    }
}
