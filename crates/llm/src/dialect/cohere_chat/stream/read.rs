//! Cohere's events to the form's. A part ends where the next one begins, as citations of a text may
//! come after its end; calls end where they are said to, as several may be open.

use super::super::citation::Passage;
use super::event::{self, Event};
use crate::chat::{ChatError, ChatEvent, Delta, ErrorKind, Finish, PartKind, Text};
use crate::dialect::unknown::Unknown;
use crate::dialect::{Context, Emit, signature};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError};

/// Reads a stream of Cohere's events.
#[derive(Debug)]
pub(in crate::dialect) struct Reader {
    context: Context,
    open: Option<(u32, Sort)>,
    calls: Vec<Call>,
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
}

/// A call that is open.
#[derive(Debug)]
struct Call {
    index: u64,
    part: u32,
    has_arguments: bool,
}

impl Reader {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            open: None,
            calls: Vec::new(),
            next_part: 0,
            is_over: false,
        }
    }

    pub(in crate::dialect) fn read(
        &mut self,
        frame: &Frame<'_>,
        unknown: &mut Unknown,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        if self.is_over || frame.data == "[DONE]" {
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.data);
        let event = event::read(&mut cursor)?;
        cursor.end()?;
        unknown.take(&mut cursor);
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
                self.arguments(event.index, more, emit);
            }
            "tool-call-end" => self.end_calls(|call| call.index == event.index, emit),
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
        self.end_calls(|_| true, emit);
        let part = self.begin(kind, emit);
        self.open = Some((part, sort));
        part
    }

    fn begin(&mut self, kind: PartKind<'_>, emit: &mut Emit<'_>) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        emit(ChatEvent::PartStart { choice: 0, part, kind });
        part
    }

    fn close(&mut self, emit: &mut Emit<'_>) {
        if let Some((part, _)) = self.open.take() {
            emit(ChatEvent::PartEnd { choice: 0, part });
        }
    }

    fn end_calls(&mut self, which: impl Fn(&Call) -> bool, emit: &mut Emit<'_>) {
        self.calls.retain(|call| {
            let (part, ends) = (call.part, which(call));
            if ends && !call.has_arguments {
                let delta = Delta::Arguments(Text::Borrowed("{}"));
                emit(ChatEvent::PartDelta { choice: 0, part, delta });
            }
            if ends {
                emit(ChatEvent::PartEnd { choice: 0, part });
            }
            !ends
        });
    }

    fn call(&mut self, event: Event<'_>, emit: &mut Emit<'_>) {
        let Some(call) = event.call else { return };
        let generated = self.context.call_id(0, self.next_part);
        let id = if call.id.is_empty() { generated.into() } else { call.id };
        let kind = PartKind::ToolCall { id, name: call.name, is_free_form: false };
        self.close(emit);
        let part = self.begin(kind, emit);
        self.calls.push(Call { index: event.index, part, has_arguments: false });
        self.arguments(event.index, call.arguments, emit);
    }

    fn arguments(&mut self, index: u64, more: Text<'_>, emit: &mut Emit<'_>) {
        let Some(call) = self.calls.iter_mut().rfind(|call| call.index == index) else { return };
        if !more.is_empty() {
            call.has_arguments = true;
            let delta = Delta::Arguments(more);
            emit(ChatEvent::PartDelta { choice: 0, part: call.part, delta });
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
        self.end_calls(|_| true, emit);
        event.usage.into_iter().for_each(|usage| emit(ChatEvent::Usage(usage)));
        if let Some(message) = event.error {
            return emit(ChatEvent::Error(ChatError::new(ErrorKind::Internal, message)));
        }
        let finish = event.finish.unwrap_or(Finish::Stop);
        emit(ChatEvent::Finish { choice: 0, finish, stop_text: None });
        emit(ChatEvent::End);
    }
}
