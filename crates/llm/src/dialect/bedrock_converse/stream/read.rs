//! Bedrock's events to the form's. Only calls and images have an event where they begin; text and
//! reasoning begin with what comes of them first.

use super::super::{citation, error, media, redacted, usage, wire};
use crate::chat::{
    ChatEvent, Delta, Finish, MediaKind, PartKind, ReasoningPart, ServiceClass, Text, Usage,
};
use crate::dialect::unknown::Unknown;
use crate::dialect::{Context, Emit, signature};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError};

/// Reads a stream of Bedrock's events.
#[derive(Debug)]
pub(in crate::dialect) struct Reader {
    blocks: Vec<Block>,
    next_part: u32,
    is_finished: bool,
    is_over: bool,
}

/// A block that is open.
#[derive(Debug)]
struct Block {
    index: u64,
    part: u32,
    is_call: bool,
    has_arguments: bool,
    /// Of an image: its media type.
    media_type: Option<Text<'static>>,
}

/// An event as it is written, before anything is made of it.
#[derive(Debug, Default)]
struct Event<'a> {
    index: u64,
    start: Option<Start<'a>>,
    deltas: Vec<Given<'a>>,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

/// What begins.
#[derive(Debug)]
enum Start<'a> {
    Call { id: Text<'a>, name: Text<'a> },
    Image { media_type: Text<'static> },
}

/// A delta, and what kind of part it opens where none is open.
#[derive(Debug)]
struct Given<'a> {
    kind: PartKind<'static>,
    delta: Delta<'a>,
}

impl Reader {
    pub(in crate::dialect) fn new(_context: &Context) -> Self {
        Self { blocks: Vec::new(), next_part: 0, is_finished: false, is_over: false }
    }

    pub(in crate::dialect) fn read(
        &mut self,
        frame: &Frame<'_>,
        unknown: &mut Unknown,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        if self.is_over {
            return Ok(());
        }
        if frame.is_exception {
            self.is_over = true;
            emit(ChatEvent::Error(error::read_event(frame.name, frame.data)));
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.data);
        let Event { index, start, deltas, finish, usage } = read_event(&mut cursor)?;
        cursor.end()?;
        unknown.take(&mut cursor);
        match frame.name {
            "messageStart" => emit(ChatEvent::Start {
                id: None,
                model: None,
                created_s: None,
                service_class: None,
                fingerprint: None,
            }),
            "contentBlockStart" => {
                start.into_iter().for_each(|start| self.start(index, start, emit))
            }
            "contentBlockDelta" => {
                deltas.into_iter().for_each(|given| self.delta(index, given, emit));
            }
            "contentBlockStop" => self.stop(index, emit),
            "messageStop" => {
                self.is_finished = true;
                let finish = finish.unwrap_or(Finish::Stop);
                emit(ChatEvent::Finish { choice: 0, finish, stop_text: None });
            }
            "metadata" => {
                usage.into_iter().for_each(|usage| emit(ChatEvent::Usage(usage)));
                self.is_over = true;
                emit(ChatEvent::End);
            }
            // A word of the future.
            _ => {}
        }
        Ok(())
    }

    /// A stream without the event that tells usage is whole, if its message is.
    pub(in crate::dialect) fn end(&mut self, emit: &mut Emit<'_>) {
        if self.is_finished && !std::mem::replace(&mut self.is_over, true) {
            emit(ChatEvent::End);
        }
    }

    fn start(&mut self, index: u64, start: Start<'_>, emit: &mut Emit<'_>) {
        match start {
            Start::Call { id, name } => {
                let kind = PartKind::ToolCall { id, name, is_free_form: false };
                self.open(index, kind, None, emit);
            }
            Start::Image { media_type } => {
                self.open(index, PartKind::Media(MediaKind::Image), Some(media_type), emit);
            }
        }
    }

    fn open(
        &mut self,
        index: u64,
        kind: PartKind<'_>,
        media_type: Option<Text<'static>>,
        emit: &mut Emit<'_>,
    ) {
        let part = self.next_part;
        self.next_part += 1;
        let is_call = matches!(kind, PartKind::ToolCall { .. });
        emit(ChatEvent::PartStart { choice: 0, part, kind });
        self.blocks.push(Block { index, part, is_call, has_arguments: false, media_type });
    }

    fn delta(&mut self, index: u64, Given { kind, delta }: Given<'_>, emit: &mut Emit<'_>) {
        if matches!(&delta, Delta::Text(text) | Delta::Arguments(text) if text.is_empty()) {
            return;
        }
        if let Delta::Encrypted(encrypted) = &delta {
            let thought =
                ReasoningPart { encrypted: Some(encrypted.clone()), ..ReasoningPart::default() };
            let call = self.blocks.iter().rfind(|block| block.is_call);
            if let (Some(signature), Some(call)) = (signature::to_call(&thought), call) {
                let (part, delta) = (call.part, Delta::Signature(signature));
                return emit(ChatEvent::PartDelta { choice: 0, part, delta });
            }
        }
        let is_arguments = matches!(delta, Delta::Arguments(_));
        if !self.blocks.iter().any(|block| block.index == index) {
            // Arguments of no call are of a tool that the provider runs itself.
            if is_arguments {
                return;
            }
            self.open(index, kind, None, emit);
        }
        let Some(block) = self.blocks.iter_mut().find(|block| block.index == index) else { return };
        block.has_arguments |= is_arguments;
        let delta = match delta {
            Delta::Bytes { base64, transcript, .. } => {
                Delta::Bytes { media_type: block.media_type.clone(), base64, transcript }
            }
            delta => delta,
        };
        emit(ChatEvent::PartDelta { choice: 0, part: block.part, delta });
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
}

fn read_event<'a>(cursor: &mut Cursor<'a>) -> Result<Event<'a>, JsonError> {
    let (mut event, mut service) = (Event::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "contentBlockIndex" => event.index = cursor.count()?,
            "start" => event.start = cursor.maybe(read_start)?.flatten(),
            "delta" => {
                cursor.maybe(|cursor| read_delta(cursor, &mut event.deltas))?;
            }
            "stopReason" => {
                event.finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
            }
            "usage" => event.usage = cursor.maybe(usage::read)?,
            // Too late to be passed on; but what was used is paid by it.
            "serviceTier" => {
                let json = cursor.json()?;
                service = ServiceClass::asked(json.as_str());
                cursor.note_unknown("");
            }
            // Who speaks, padding against those who measure, times.
            "role" | "p" | "metrics" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    event.usage = event.usage.map(|usage| Usage { service, ..usage });
    Ok(event)
}

fn read_start<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Start<'a>>, JsonError> {
    let mut start = None;
    cursor.object(|cursor, kind| {
        let (mut id, mut name_, mut format, mut is_own) = Default::default();
        cursor.object(|cursor, name| {
            match name {
                "toolUseId" => id = cursor.text()?,
                "name" => name_ = cursor.text()?,
                "format" => format = cursor.text()?,
                "type" => is_own = cursor.maybe(Cursor::text)?.is_some(),
                _ => cursor.unknown()?,
            }
            Ok(())
        })?;
        start = match kind {
            "toolUse" if !is_own => Some(Start::Call { id, name: name_ }),
            "image" => {
                Some(Start::Image { media_type: media::media_type_of(MediaKind::Image, &format) })
            }
            _ => None,
        };
        Ok(())
    })?;
    Ok(start)
}

fn read_delta<'a>(cursor: &mut Cursor<'a>, deltas: &mut Vec<Given<'a>>) -> Result<(), JsonError> {
    cursor.object(|cursor, kind| match kind {
        "text" => {
            deltas.push(Given { kind: PartKind::Text, delta: Delta::Text(cursor.text()?) });
            Ok(())
        }
        "citation" => {
            let delta = Delta::Citation(citation::read(cursor)?);
            deltas.push(Given { kind: PartKind::Text, delta });
            Ok(())
        }
        "reasoningContent" | "toolUse" | "image" => {
            cursor.object(|cursor, name| read_inner(cursor, (kind, name), deltas))
        }
        _ => cursor.unknown(),
    })
}

fn read_inner<'a>(
    cursor: &mut Cursor<'a>,
    names: (&str, &str),
    deltas: &mut Vec<Given<'a>>,
) -> Result<(), JsonError> {
    let thought = PartKind::Reasoning { id: None };
    let (kind, delta) = match names {
        ("reasoningContent", "text") => (thought, Delta::Text(cursor.text()?)),
        ("reasoningContent", "signature") => {
            (thought, Delta::Signature(signature::read(cursor.text()?)))
        }
        ("reasoningContent", "redactedContent") => {
            (thought, Delta::Encrypted(redacted::read(cursor.text()?)))
        }
        ("toolUse", "input") => (PartKind::Text, Delta::Arguments(cursor.text()?)),
        ("image", "source") => {
            let mut base64 = Text::default();
            cursor.object(|cursor, name| match name {
                "bytes" => cursor.text().map(|bytes| base64 = bytes),
                _ => cursor.skip(),
            })?;
            let delta = Delta::Bytes { media_type: None, base64, transcript: None };
            (PartKind::Media(MediaKind::Image), delta)
        }
        _ => return cursor.unknown(),
    };
    deltas.push(Given { kind, delta });
    Ok(())
}
