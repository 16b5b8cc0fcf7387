//! Events to the form's events.
//!
//! A part begins with its first piece, or with the whole of it where no piece came.

use super::super::error;
use super::super::item::{self, Read};
use super::super::reply::{Head, read_head};
use super::event::{self, Event};
use super::parts::{Parts, Place, Sort};
use crate::chat::{
    ChatError, ChatEvent, Content, Delta, ErrorKind, Finish, PartKind, ReasoningPart, ServiceClass,
    Source, Text, Usage,
};
use crate::dialect::unknown::Unknown;
use crate::dialect::{Context, Emit};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError, Kind};

/// Reads a stream of events.
#[derive(Debug)]
pub(in crate::dialect) struct Reader {
    has_begun: bool,
    is_over: bool,
    parts: Parts,
    /// The item that reasons, and its id.
    reasoning: Option<(u64, String)>,
}

impl Reader {
    pub(in crate::dialect) fn new(_context: &Context) -> Self {
        Self { has_begun: false, is_over: false, parts: Parts::default(), reasoning: None }
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
        let head = || match &event.response {
            Some(response) => read_head(&mut response.clone_at()),
            None => Ok(Head::default()),
        };
        match event.kind.as_ref() {
            "response.created" | "response.in_progress" | "response.queued" => {
                let head = head()?;
                self.begin(head, emit);
            }
            "response.completed" | "response.incomplete" => {
                let head = head()?;
                self.finish(&head, emit);
            }
            "response.failed" => {
                let error = event.response.as_ref().map(error_of).transpose()?.flatten();
                self.fail(error.unwrap_or_else(failed), emit);
            }
            "error" => self.fail(error::read_late(&mut Cursor::new(frame.data))?, emit),
            _ => self.take(event, emit)?,
        }
        Ok(())
    }

    /// The end is an event of its own here; a stream without it broke off.
    pub(in crate::dialect) fn end(&mut self, _emit: &mut Emit<'_>) {}

    fn begin(&mut self, head: Head<'_>, emit: &mut Emit<'_>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let Head { id, model, created_s, service_class, .. } = head;
        emit(ChatEvent::Start { id, model, created_s, service_class, fingerprint: None });
    }

    fn fail(&mut self, error: ChatError, emit: &mut Emit<'_>) {
        self.is_over = true;
        emit(ChatEvent::Error(error));
    }

    fn finish(&mut self, head: &Head<'_>, emit: &mut Emit<'_>) {
        self.parts.end_all(emit);
        self.is_over = true;
        let has_calls = self.parts.has(|(_, sort)| sort == Sort::Call);
        let has_refusal = self.parts.has(|(_, sort)| matches!(sort, Sort::Refusal(_)));
        let finish = head.finish(has_calls, has_refusal).unwrap_or(Finish::Stop);
        let service = head.service_class.as_deref().and_then(ServiceClass::of_word);
        head.used().into_iter().for_each(|usage| {
            emit(ChatEvent::Usage(Usage { service, ..usage }));
        });
        emit(ChatEvent::Finish { choice: 0, finish, stop_text: None });
        emit(ChatEvent::End);
    }

    /// Takes an event that is about an item or a part of one.
    fn take(&mut self, event: Event<'_>, emit: &mut Emit<'_>) -> Result<(), JsonError> {
        self.begin(Head::default(), emit);
        let Event { kind, output, inner, delta, whole, logprobs, citation, item, response: _ } =
            event;
        if let Some(mut cursor) = item {
            let is_done = kind.ends_with(".done");
            let item = item::read(&mut cursor, &mut Vec::new())?;
            self.item(output, item, is_done, emit);
            return Ok(());
        }
        if let Some(citation) = citation {
            self.add((output, Sort::Text(inner)), Delta::Citation(citation), emit);
            return Ok(());
        }
        let Some(sort) = sort_of(&kind, inner) else { return Ok(()) };
        let place = (output, sort);
        if kind.ends_with(".delta") {
            self.text(place, delta.unwrap_or_default(), emit);
            if !logprobs.is_empty() {
                emit(ChatEvent::Logprobs { choice: 0, tokens: logprobs });
            }
        } else if !self.parts.has_said(place) {
            self.text(place, whole.unwrap_or_default(), emit);
        }
        Ok(())
    }

    fn text(&mut self, place: Place, text: Text<'_>, emit: &mut Emit<'_>) {
        // Some tell a thought and a summary of it: what came first is told on.
        let is_again = self.parts.has(|(output, sort)| match (place.1, sort) {
            (Sort::Summary(_), Sort::Thought(_)) | (Sort::Thought(_), Sort::Summary(_)) => {
                output == place.0
            }
            _ => false,
        });
        if text.is_empty() || is_again {
            return;
        }
        let is_call = place.1 == Sort::Call;
        self.add(place, if is_call { Delta::Arguments(text) } else { Delta::Text(text) }, emit);
    }

    /// Adds to the part at a place, beginning it where there is none; calls begin with their item.
    fn add(&mut self, place: Place, delta: Delta<'_>, emit: &mut Emit<'_>) {
        let part = match (self.parts.at(place), place.1) {
            (Some(part), _) => part,
            (None, Sort::Call | Sort::Whole) => return,
            (None, Sort::Text(_)) => self.parts.begin(place, PartKind::Text, emit),
            (None, Sort::Refusal(_)) => self.parts.begin(place, PartKind::Refusal, emit),
            (None, Sort::Summary(_) | Sort::Thought(_)) => {
                let id = self.reasoning.as_ref().filter(|(output, _)| *output == place.0);
                let id = id.map(|(_, id)| Text::Owned(id.clone()));
                self.parts.begin(place, PartKind::Reasoning { id }, emit)
            }
        };
        self.parts.add(part, delta, emit);
    }

    /// Takes an item as it is when it begins, or when it is complete.
    fn item(&mut self, output: u64, item: Read<'_>, is_done: bool, emit: &mut Emit<'_>) {
        let parts = match item {
            Read::Message(_, parts) | Read::Answer(parts) => parts,
            Read::Result(part) => vec![part],
            Read::CallSignature(signature) => {
                if let Some(call) = self.parts.last_call().filter(|_| is_done) {
                    self.parts.add(call, Delta::Signature(signature), emit);
                }
                return;
            }
        };
        for part in parts {
            self.content(output, part.content, is_done, emit);
        }
        if is_done {
            self.parts.end_item(output, emit);
        }
    }

    fn content(&mut self, output: u64, content: Content<'_>, is_done: bool, emit: &mut Emit<'_>) {
        match content {
            Content::ToolCall(call) => {
                let place = (output, Sort::Call);
                if self.parts.at(place).is_none() {
                    let (id, name, is_free_form) = (call.id, call.name, call.is_free_form);
                    self.parts.begin(place, PartKind::ToolCall { id, name, is_free_form }, emit);
                }
                if is_done && !self.parts.has_said(place) {
                    self.text(place, call.arguments, emit);
                }
            }
            Content::Reasoning(part) => self.reasoning(output, part, is_done, emit),
            Content::Media(media) if is_done => {
                let Source::Bytes { media_type, base64 } = media.source else { return };
                let place = (output, Sort::Whole);
                let part = self.parts.begin(place, PartKind::Media(media.kind), emit);
                let media_type = Some(media_type);
                let delta = Delta::Bytes { media_type, base64, transcript: None };
                self.parts.add(part, delta, emit);
            }
            Content::ProviderOnly(only) if is_done => {
                self.parts.begin((output, Sort::Whole), PartKind::ProviderOnly(only), emit);
            }
            // Texts were told in pieces.
            _ => {}
        }
    }

    /// A thought that is complete brings what is opaque; its text was told in pieces.
    fn reasoning(
        &mut self,
        output: u64,
        part: ReasoningPart<'_>,
        is_done: bool,
        emit: &mut Emit<'_>,
    ) {
        let ReasoningPart { text: _, signature, encrypted, id } = part;
        let id = id.map(Text::into_owned);
        self.reasoning = id.map(|id| (output, id)).or(self.reasoning.take());
        let encrypted = encrypted.map(Delta::Encrypted);
        let opaque = encrypted.or(signature.map(Delta::Signature));
        if let Some(delta) = opaque.filter(|_| is_done) {
            let open = self.parts.thought_of(output);
            self.add(open.unwrap_or((output, Sort::Summary(0))), delta, emit);
        }
    }
}

/// What of an item an event adds to.
fn sort_of(kind: &str, inner: u64) -> Option<Sort> {
    let (name, _) = kind.strip_prefix("response.")?.rsplit_once('.')?;
    Some(match name {
        "output_text" => Sort::Text(inner),
        "refusal" => Sort::Refusal(inner),
        "reasoning_summary_text" => Sort::Summary(inner),
        "reasoning_text" => Sort::Thought(inner),
        "function_call_arguments" | "custom_tool_call_input" => Sort::Call,
        // Progress of tools that the provider runs, or a word of the future.
        _ => return None,
    })
}

/// The error of a response that failed.
fn error_of(response: &Cursor<'_>) -> Result<Option<ChatError>, JsonError> {
    let mut error = None;
    response.clone_at().object(|cursor, name| match (name, cursor.kind()) {
        ("error", Kind::Object) => error::read_late(cursor).map(|read| error = Some(read)),
        _ => cursor.skip(),
    })?;
    Ok(error)
}

fn failed() -> ChatError {
    ChatError::new(ErrorKind::Internal, "the provider's answer failed")
}
