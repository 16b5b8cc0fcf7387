//! A stream of one dialect turned to another, event by event: bytes in, bytes out, at any cut.
//!
//! It holds one event at most. A bad event is counted and skipped; a failure of the provider in
//! mid-stream becomes an event of the client's dialect.

use std::fmt;
use std::sync::Arc;

use crate::call;
use crate::chat::{ChatError, ChatEvent, Citation, Delta, ErrorKind, MediaKind, Usage};
use crate::completion::{self, CompletionWriter};
use crate::dialect::{Context, Dialect, Emit, EventReader, EventWriter};
use crate::field::{FieldSet, Losses, ReplyField, Say, StreamUses};
use crate::frame::{FrameError, FrameReader, FrameWriter, Framing};
use crate::hush::Hush;
use crate::search_count::SearchCount;
use crate::used::Used;

/// What stands between the reading of a stream and its writing: it sees every event and says what
/// goes on in its place.
pub trait EventFilter: fmt::Debug {
    /// Takes the next event.
    fn take(&mut self, event: &ChatEvent<'_>, emit: &mut Emit<'_>);

    /// Whether it has ended the stream.
    fn has_refused(&self) -> bool;
}

/// A stream being translated.
#[derive(Debug)]
pub struct StreamTranslation {
    frames: FrameReader,
    from: Dialect,
    reader: EventReader,
    filter: Option<Box<dyn EventFilter>>,
    sink: Sink,
    bad_events: u64,
    searches: SearchCount,
}

/// What takes the events.
#[derive(Debug)]
struct Sink {
    writer: ClientWriter,
    /// What writes failures, where they are told in other words.
    failures: Option<EventWriter>,
    frames: FrameWriter,
    uses: StreamUses,
    /// What of fields that are carried the client's dialect has no form for: citations, links.
    lost: FieldSet<ReplyField>,
    usage: Option<Usage>,
    answer_bytes: u64,
    error: Option<ChatError>,
    /// What a failure is told without.
    hush: Option<Arc<Hush>>,
    is_over: bool,
}

/// In whose words the client is answered.
#[derive(Debug)]
enum ClientWriter {
    Chat(EventWriter, Dialect),
    Completion(CompletionWriter),
}

impl ClientWriter {
    /// What it makes of a field of a reply that comes in that dialect.
    fn says(&self, field: ReplyField, from: Dialect) -> Say {
        match self {
            // What only one provider understands goes on in its own words.
            Self::Chat(_, to) if *to == from && field == ReplyField::ProviderPart => Say::Carried,
            Self::Chat(_, to) => to.reply_says(field),
            Self::Completion(_) => completion::reply_says(field),
        }
    }

    /// Whether it has a form for a citation.
    fn cites(&self, citation: &Citation<'_>) -> bool {
        match self {
            Self::Chat(_, to) => to.cites(citation),
            Self::Completion(_) => false,
        }
    }

    /// Whether it can say where media lies.
    fn shows_link(&self, kind: MediaKind) -> bool {
        match self {
            Self::Chat(_, to) => to.shows_link(kind),
            Self::Completion(_) => false,
        }
    }
}

impl StreamTranslation {
    /// A translation at the start of a stream.
    #[must_use]
    pub fn new(from: (Dialect, Framing), to: (Dialect, Framing), context: &Context) -> Self {
        let writer = ClientWriter::Chat(EventWriter::new(to.0, context), to.0);
        Self::with(from, (writer, to.1), context)
    }

    /// A translation to the stream of a legacy completion.
    #[must_use]
    pub fn to_completion(from: (Dialect, Framing), context: &Context) -> Self {
        let writer = ClientWriter::Completion(CompletionWriter::new(context));
        Self::with(from, (writer, Framing::Sse), context)
    }

    /// A translation to the stream of a bare call of a model, in Anthropic's words.
    #[must_use]
    pub fn to_call(from: (Dialect, Framing), context: &Context) -> Self {
        let to = (call::WORDS, Framing::AwsEvents);
        let mut translation = Self::new(from, to, context);
        translation.sink.frames = FrameWriter::of_call();
        // Of a failure the framing tells, and not the words that it frames.
        translation.sink.failures = Some(EventWriter::new(Dialect::BedrockConverse, context));
        translation
    }

    fn with(from: (Dialect, Framing), to: (ClientWriter, Framing), context: &Context) -> Self {
        Self {
            frames: FrameReader::new(from.1),
            from: from.0,
            reader: EventReader::new(from.0, context),
            filter: None,
            sink: Sink {
                writer: to.0,
                failures: None,
                frames: FrameWriter::new(to.1),
                uses: StreamUses::default(),
                lost: FieldSet::default(),
                usage: None,
                answer_bytes: 0,
                error: None,
                hush: None,
                is_over: false,
            },
            bad_events: 0,
            searches: SearchCount::new(from.0),
        }
    }

    /// The same with a filter in between.
    #[must_use]
    pub fn filtered(self, filter: Box<dyn EventFilter>) -> Self {
        Self { filter: Some(filter), ..self }
    }

    /// The same where the client has been told events before, of which the next has that number.
    #[must_use]
    pub fn numbered_from(mut self, number: u64) -> Self {
        if let ClientWriter::Chat(EventWriter::OpenaiResponses(writer), _) = &mut self.sink.writer {
            writer.number_from(number);
        }
        self
    }

    /// Reads the provider's next bytes and appends what the client is to be sent.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Self { frames, from: _, reader, filter, sink, bad_events, searches } = self;
        let mut is_lost = false;
        frames.push(bytes, &mut |frame| match frame {
            Ok(frame) => {
                searches.see(frame.data);
                let count = searches.count();
                let mut take =
                    |event: ChatEvent<'_>| give(filter, &searching(event, count), sink, out);
                let read = reader.read(&frame, &mut take);
                *bad_events += u64::from(read.is_err());
            }
            Err(error) => {
                *bad_events += 1;
                is_lost |= error == FrameError::Lost;
            }
        });
        if is_lost {
            self.fail(&broken(), out);
        }
    }

    /// The provider's stream has ended. Where it broke off, the client is told so.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let Self { frames, from: _, reader, filter, sink, bad_events, searches } = self;
        frames.end(&mut |frame| {
            let read = frame.map(|frame| {
                searches.see(frame.data);
                let count = searches.count();
                let mut take =
                    |event: ChatEvent<'_>| give(filter, &searching(event, count), sink, out);
                reader.read(&frame, &mut take)
            });
            *bad_events += u64::from(!matches!(read, Ok(Ok(()))));
        });
        reader.end(&mut |event| give(filter, &event, sink, out));
        if !sink.is_over {
            self.fail(&broken(), out);
        }
    }

    /// Ends the client's stream with a failure of ours: a stall, a limit, a filter.
    pub fn fail(&mut self, error: &ChatError, out: &mut Vec<u8>) {
        self.sink.take(&ChatEvent::Error(error.clone()), out);
    }

    /// Has failures told without secrets that the provider was shown.
    pub fn hush(&mut self, hush: Arc<Hush>) {
        self.sink.hush = Some(hush);
    }

    /// What was used so far, where the provider said it.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.sink.usage
    }

    /// The same with the searches of the web, which are told without that, too.
    #[must_use]
    pub fn used(&self) -> Used {
        Used::from(self.usage()).searching(self.searches.count())
    }

    /// Bytes of text, reasoning and arguments that came: what an estimate of the output rests on
    /// where the provider says no usage, or the client has gone.
    #[must_use]
    pub fn answer_bytes(&self) -> u64 {
        self.sink.answer_bytes
    }

    /// The failure that ended the stream.
    #[must_use]
    pub fn error(&self) -> Option<&ChatError> {
        self.sink.error.as_ref()
    }

    /// Whether the filter has ended the stream.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.has_refused())
    }

    /// What of the stream could not be said in the words of the client, so far.
    #[must_use]
    pub fn losses(&self) -> Losses {
        let says = |field| self.sink.writer.says(field, self.from);
        let mut losses = Losses::of_reply_fields(self.sink.uses.fields(), says);
        losses.reply_dropped = losses.reply_dropped.with(self.sink.lost);
        losses.add_unknown(self.reader.unknown());
        losses
    }

    /// Events that could not be read and were skipped.
    #[must_use]
    pub fn bad_events(&self) -> u64 {
        self.bad_events
    }
}

impl Sink {
    fn take(&mut self, event: &ChatEvent<'_>, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        let hushed = match (event, &self.hush) {
            (ChatEvent::Error(error), Some(hush)) => {
                let mut error = error.clone();
                hush.error(&mut error);
                Some(ChatEvent::Error(error))
            }
            _ => None,
        };
        let event = hushed.as_ref().unwrap_or(event);
        self.uses.see(event);
        match event {
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::PartDelta { delta: Delta::Text(text) | Delta::Arguments(text), .. } => {
                self.answer_bytes += text.len() as u64;
            }
            ChatEvent::PartDelta { delta: Delta::Citation(citation), .. } => {
                self.lost.add_if(ReplyField::Citations, !self.writer.cites(citation));
            }
            ChatEvent::PartDelta { delta: Delta::Link { kind, .. }, .. } => {
                self.lost.add_if(ReplyField::of_media(*kind), !self.writer.shows_link(*kind));
            }
            ChatEvent::Error(error) => self.error = Some(error.clone()),
            _ => {}
        }
        let failures = self.failures.as_mut().filter(|_| matches!(event, ChatEvent::Error(_)));
        match (failures, &mut self.writer) {
            (Some(writer), _) | (None, ClientWriter::Chat(writer, _)) => {
                writer.write(event, &mut self.frames, out);
            }
            (None, ClientWriter::Completion(writer)) => writer.write(event, &mut self.frames, out),
        }
        self.is_over = matches!(event, ChatEvent::Error(_) | ChatEvent::End);
        if self.is_over {
            self.frames.end(out);
        }
    }
}

/// The same event, where it tells what was used with so many searches of the web.
fn searching(event: ChatEvent<'_>, searches: u64) -> ChatEvent<'_> {
    match event {
        ChatEvent::Usage(usage) => ChatEvent::Usage(usage.searching(searches)),
        event => event,
    }
}

/// Gives an event to the sink, through the filter where there is one.
fn give(
    filter: &mut Option<Box<dyn EventFilter>>,
    event: &ChatEvent<'_>,
    sink: &mut Sink,
    out: &mut Vec<u8>,
) {
    match filter {
        Some(filter) => filter.take(event, &mut |event| sink.take(&event, out)),
        None => sink.take(event, out),
    }
}

/// That a stream broke off.
pub(crate) fn broken() -> ChatError {
    let message = "the provider's stream broke off";
    ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
}
