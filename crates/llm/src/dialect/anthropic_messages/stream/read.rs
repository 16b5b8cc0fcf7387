//! Anthropic's events to the form's, nearly one to one.

use super::super::reply::read_message_start;
use super::super::request::read_block;
use super::super::{citation, error, usage, wire};
use crate::chat::{ChatEvent, Content, Delta, Finish, Part, PartKind, Text};
use crate::dialect::unknown::Unknown;
use crate::dialect::{Context, Emit, signature};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError};

/// Reads a stream of Anthropic's events.
#[derive(Debug)]
pub(in crate::dialect) struct Reader {
    blocks: Vec<Block>,
    next_part: u32,
    is_over: bool,
}

/// A block that is open.
#[derive(Debug)]
struct Block {
    index: u64,
    part: u32,
    is_call: bool,
    has_arguments: bool,
}

/// An event as it is written, before anything is made of it.
#[derive(Debug, Default)]
struct Event<'a> {
    kind: Text<'a>,
    index: u64,
    block: Option<Part<'a>>,
    delta: Option<Cursor<'a>>,
    message: Option<Cursor<'a>>,
    usage: Option<crate::chat::Usage>,
}

impl Reader {
    pub(in crate::dialect) fn new(_context: &Context) -> Self {
        Self { blocks: Vec::new(), next_part: 0, is_over: false }
    }

    pub(in crate::dialect) fn read(
        &mut self,
        frame: &Frame<'_>,
        unknown: &mut Unknown,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        let mut cursor = Cursor::new(frame.data);
        let event = read_event(&mut cursor)?;
        cursor.end()?;
        unknown.take(&mut cursor);
        if self.is_over {
            return Ok(());
        }
        let Event { kind, index, block, delta, message, usage } = event;
        match kind.as_ref() {
            "message_start" => {
                let Some(mut message) = message else { return Ok(()) };
                for event in read_message_start(&mut message)? {
                    emit(event);
                }
                unknown.take_below("message", &mut message);
            }
            "content_block_start" => {
                if let Some(part) = block {
                    self.start(index, part.content, emit);
                }
            }
            "content_block_delta" => {
                if let Some(mut delta) = delta {
                    self.delta(index, &mut delta, emit)?;
                    unknown.take_below("delta", &mut delta);
                }
            }
            "content_block_stop" => self.stop(index, emit),
            "message_delta" => {
                if let Some(mut delta) = delta {
                    self.finish(&mut delta, emit)?;
                    unknown.take_below("delta", &mut delta);
                }
                usage.into_iter().for_each(|usage| emit(ChatEvent::Usage(usage)));
            }
            "message_stop" => {
                self.is_over = true;
                emit(ChatEvent::End);
            }
            "error" => {
                self.is_over = true;
                emit(ChatEvent::Error(error::read(&mut Cursor::new(frame.data), 200)?));
            }
            // A ping, or a word of the future.
            _ => {}
        }
        Ok(())
    }

    /// The end is an event of its own here; a stream without it broke off.
    pub(in crate::dialect) fn end(&mut self, _emit: &mut Emit<'_>) {}

    fn start(&mut self, index: u64, content: Content<'_>, emit: &mut Emit<'_>) {
        let part = self.next_part;
        let is_call = matches!(content, Content::ToolCall(_));
        let (kind, delta) = match content {
            Content::Text(text) => (PartKind::Text, Delta::Text(text.text)),
            Content::Reasoning(reasoning) => {
                let call = self.blocks.iter().rfind(|block| block.is_call);
                if let (Some(signature), Some(call)) = (signature::to_call(&reasoning), call) {
                    let (part, delta) = (call.part, Delta::Signature(signature));
                    return emit(ChatEvent::PartDelta { choice: 0, part, delta });
                }
                let kind = PartKind::Reasoning { id: None };
                match reasoning.encrypted {
                    Some(encrypted) => (kind, Delta::Encrypted(encrypted)),
                    None => (kind, Delta::Text(reasoning.text)),
                }
            }
            Content::ToolCall(call) => {
                // The input at the start is an empty object, unless all of it comes at once.
                let is_empty = call.arguments.trim_ascii() == "{}";
                let arguments = if is_empty { Text::default() } else { call.arguments };
                let (id, name) = (call.id, call.name);
                (PartKind::ToolCall { id, name, is_free_form: false }, Delta::Arguments(arguments))
            }
            Content::ProviderOnly(only) => {
                (PartKind::ProviderOnly(only), Delta::Text(Text::default()))
            }
            _ => return,
        };
        self.next_part += 1;
        emit(ChatEvent::PartStart { choice: 0, part, kind });
        let says = match &delta {
            Delta::Text(text) | Delta::Arguments(text) => !text.is_empty(),
            _ => true,
        };
        if says {
            emit(ChatEvent::PartDelta { choice: 0, part, delta });
        }
        self.blocks.push(Block { index, part, is_call, has_arguments: says });
    }

    fn delta(
        &mut self,
        index: u64,
        cursor: &mut Cursor<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        let Some(block) = self.blocks.iter_mut().find(|block| block.index == index) else {
            return Err(cursor.wrong("is a delta of no open block"));
        };
        let (is_call, part) = (block.is_call, block.part);
        let mut deltas = Vec::new();
        cursor.object(|cursor, name| {
            match name {
                "text" | "thinking" => deltas.push(Delta::Text(cursor.text()?)),
                // Input of tools that the provider runs is its own business.
                "partial_json" if is_call => deltas.push(Delta::Arguments(cursor.text()?)),
                "signature" => {
                    deltas.push(Delta::Signature(signature::read(cursor.text()?)));
                }
                "citation" => deltas.push(Delta::Citation(citation::read(cursor)?)),
                "type" | "partial_json" => cursor.skip()?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })?;
        for delta in deltas {
            let is_empty =
                matches!(&delta, Delta::Text(text) | Delta::Arguments(text) if text.is_empty());
            if !is_empty {
                block.has_arguments |= matches!(delta, Delta::Arguments(_));
                emit(ChatEvent::PartDelta { choice: 0, part, delta });
            }
        }
        Ok(())
    }

    fn stop(&mut self, index: u64, emit: &mut Emit<'_>) {
        let Some(place) = self.blocks.iter().position(|block| block.index == index) else { return };
        let Block { part, is_call, has_arguments, .. } = self.blocks.remove(place);
        if is_call && !has_arguments {
            let delta = Delta::Arguments(Text::Borrowed("{}"));
            emit(ChatEvent::PartDelta { choice: 0, part, delta });
        }
        emit(ChatEvent::PartEnd { choice: 0, part });
    }

    fn finish(&mut self, cursor: &mut Cursor<'_>, emit: &mut Emit<'_>) -> Result<(), JsonError> {
        let (mut finish, mut stop_text): (Option<Finish>, _) = (None, None);
        let mut refusal = None;
        cursor.object(|cursor, name| {
            match name {
                "stop_reason" => {
                    finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
                }
                "stop_sequence" => stop_text = cursor.maybe(Cursor::text)?,
                "stop_details" => refusal = wire::explanation(cursor)?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })?;
        let Some(finish) = finish else { return Ok(()) };
        if let Some(text) = refusal {
            let part = self.next_part;
            self.next_part += 1;
            emit(ChatEvent::PartStart { choice: 0, part, kind: PartKind::Refusal });
            emit(ChatEvent::PartDelta { choice: 0, part, delta: Delta::Text(text) });
            emit(ChatEvent::PartEnd { choice: 0, part });
        }
        emit(ChatEvent::Finish { choice: 0, finish, stop_text });
        Ok(())
    }
}

fn read_event<'a>(cursor: &mut Cursor<'a>) -> Result<Event<'a>, JsonError> {
    let mut event = Event::default();
    cursor.object(|cursor, name| {
        match name {
            "type" => event.kind = cursor.text()?,
            "index" => event.index = cursor.count()?,
            "content_block" => event.block = Some(read_block(cursor)?),
            "delta" => {
                event.delta = Some(cursor.clone_at());
                cursor.skip()?;
            }
            "message" => {
                event.message = Some(cursor.clone_at());
                cursor.skip()?;
            }
            "usage" => event.usage = cursor.maybe(usage::read)?,
            // Of a failure all is read again.
            "error" | "request_id" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(event)
}
