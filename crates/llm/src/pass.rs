//! The same dialect on both sides: the bytes go through as they come, and this looks over their
//! shoulder for what was used.
//!
//! It never changes a byte. An event is read only where the dialect's mark of
//! usage stands in it; that mark cannot stand in a string, where its quotes would be escaped.

mod ending;
mod sieve;
mod whole_events;

use memchr::memmem;

use crate::chat::{ChatError, Usage};
use crate::dialect::Dialect;
use crate::frame::{FRAME_BYTES_MAX, FrameReader, Framing, SSE_EDGES};
use crate::search_count::SearchCount;
use crate::surface::{self, KeptId, Surface};
use crate::used::{self, Used};

pub use sieve::UsageSieve;
pub use whole_events::WholeEvents;

use ending::{Ending, Unwhole};

/// How much room is kept for the beginnings of events: longer ones, of images, are rare.
const TAIL_ROOM: usize = 64 * 1024;

/// Watches a stream that is passed on.
#[derive(Debug)]
pub struct PassedStream {
    speaks: Speaks,
    framing: Framing,
    mark: memmem::Finder<'static>,
    /// What was said aloud, and may still be told of in an event.
    audio: Audio,
    /// Whether the answer is stored, and no event has told yet by which id.
    seeks_stored: bool,
    /// What it comes to, where somebody asks.
    ending: Option<Ending>,
    /// Why it is not whole, once that is known.
    failure: Option<Unwhole>,
    /// What came of an event that has not ended.
    tail: Vec<u8>,
    used: Used,
    /// What it says was made and lives at the provider now.
    made: Vec<KeptId>,
    bytes: u64,
    /// Events of text that have ended, but for those whose end a chunk's border cuts.
    events: u64,
    /// The number of the last event, where events have numbers.
    number: Option<u64>,
    /// How often the web was searched, where somebody asks.
    searches: Option<SearchCount>,
}

/// What answers say aloud that can be named later.
#[derive(Debug, Default)]
struct Audio {
    /// Answers of which it is not known yet.
    left: u64,
    /// What is known: an event may tell it again.
    known: Vec<KeptId>,
}

impl Audio {
    /// What of this is new.
    fn note(&mut self, told: Vec<KeptId>, made: &mut Vec<KeptId>) {
        for one in told {
            if self.left > 0 && !self.known.contains(&one) {
                self.left -= 1;
                self.known.push(one.clone());
                made.push(one);
            }
        }
    }
}

/// Who can read what an event says of usage.
#[derive(Debug, Clone, Copy)]
enum Speaks {
    Chat(Dialect),
    Beside(Surface),
}

impl Speaks {
    fn mark(self) -> &'static str {
        match self {
            Self::Chat(dialect) => dialect.usage_mark(),
            // The name of every event: what it tells is not to be seen from without.
            Self::Beside(Surface::BedrockInvoke) => "chunk",
            // Nobody but OpenAI streams anything else beside chat.
            Self::Beside(_) => "\"usage\"",
        }
    }

    /// What an event says was made; those that say it are those that tell usage.
    fn made(self, data: &str) -> Vec<KeptId> {
        match self {
            Self::Chat(dialect) => surface::kept_in_event(dialect, data),
            Self::Beside(_) => Vec::new(),
        }
    }

    fn read(self, data: &str) -> Used {
        match self {
            Self::Chat(dialect) => dialect.usage_of_event(data).into(),
            Self::Beside(Surface::BedrockInvoke) => used::of_call_event(data),
            Self::Beside(surface) => used::of_reply(surface, data),
        }
    }
}

impl PassedStream {
    /// A watch at the start of a stream.
    #[must_use]
    pub fn new(dialect: Dialect, framing: Framing) -> Self {
        Self::with(Speaks::Chat(dialect), framing)
    }

    /// A watch at the start of a stream of something else than chat: of images, sound, completions.
    #[must_use]
    pub fn beside(surface: Surface, framing: Framing) -> Self {
        Self::with(Speaks::Beside(surface), framing)
    }

    fn with(speaks: Speaks, framing: Framing) -> Self {
        Self {
            speaks,
            framing,
            mark: memmem::Finder::new(speaks.mark()),
            audio: Audio::default(),
            seeks_stored: false,
            ending: None,
            failure: None,
            tail: Vec::new(),
            used: Used::default(),
            made: Vec::new(),
            bytes: 0,
            events: 0,
            number: None,
            searches: None,
        }
    }

    /// The same with an eye on whether it comes to the end that its dialect has.
    #[must_use]
    pub fn to_its_end(self) -> Self {
        let ending = match self.speaks {
            Speaks::Chat(dialect) => Some(Ending::new(dialect, self.framing)),
            Speaks::Beside(_) => None,
        };
        Self { ending, ..self }
    }

    /// So many answers may be said aloud: by which id each can be named, one of its first events
    /// tells.
    pub fn seek_audio(&mut self, choices: u64) {
        if matches!(self.speaks, Speaks::Chat(Dialect::OpenaiChat)) {
            self.audio.left = choices;
        }
    }

    /// The answer is stored at the provider: each of its events tells by which id.
    pub fn seek_stored(&mut self) {
        self.seeks_stored = matches!(self.speaks, Speaks::Chat(Dialect::OpenaiChat));
    }

    /// Has it looked how often the web was searched, which is charged where the model has a price for
    /// it: what was used may not come, or not tell it.
    pub fn seek_searches(&mut self) {
        if let Speaks::Chat(dialect) = self.speaks {
            self.searches = Some(SearchCount::new(dialect));
        }
    }

    /// Sees the next bytes.
    pub fn see(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.framing == Framing::Sse {
            self.events += memmem::find_iter(bytes, b"\n\n").count() as u64;
        }
        if self.tail.is_empty() && self.ends_event(bytes) {
            return self.look(bytes);
        }
        self.tail.extend_from_slice(bytes);
        if self.ends_event(&self.tail) || self.tail.len() > FRAME_BYTES_MAX {
            let mut tail = std::mem::take(&mut self.tail);
            self.look(&tail);
            if tail.capacity() <= TAIL_ROOM {
                tail.clear();
                self.tail = tail;
            }
        }
    }

    /// The stream has ended.
    pub fn end(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        self.look(&tail);
    }

    /// Why it is not whole, of a stream that has ended, where it is not.
    #[must_use]
    pub fn take_failure(&mut self) -> Option<ChatError> {
        self.judge();
        self.failure.take().map(|unwhole| unwhole.error)
    }

    /// That it broke off, of a stream that has ended, where nothing in it says why: whoever reads it
    /// is to be told.
    #[must_use]
    pub fn broke_off(&mut self) -> Option<&ChatError> {
        self.judge();
        self.failure.as_ref().filter(|unwhole| !unwhole.is_told).map(|unwhole| &unwhole.error)
    }

    /// Looks what it came to, once.
    fn judge(&mut self) {
        if let Some(ending) = self.ending.take() {
            self.failure = ending.failure(self.used.tokens.is_some());
        }
    }

    /// What was used so far, where the provider said it.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.used.tokens.map(|usage| usage.searching(self.searches()))
    }

    /// The same with what is no token.
    #[must_use]
    pub fn into_used(self) -> Used {
        let searches = self.searches();
        self.used.searching(searches)
    }

    fn searches(&self) -> u64 {
        self.searches.as_ref().map_or(0, SearchCount::count)
    }

    /// Whether anything of such a stream may live at the provider afterwards.
    #[must_use]
    pub fn can_make(&self) -> bool {
        let is_made = matches!(self.speaks, Speaks::Chat(dialect) if surface::can_make(dialect));
        is_made || self.audio.left > 0 || self.seeks_stored
    }

    /// What it says was made and lives at the provider now.
    #[must_use]
    pub fn take_made(&mut self) -> Vec<KeptId> {
        std::mem::take(&mut self.made)
    }

    /// Bytes that went through.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number that the next event would have, where events have numbers.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.number.map_or(0, |number| number.saturating_add(1))
    }

    /// The tokens that have come, where nobody says it: one in each event, as nearly all providers
    /// send them; in framings where events are not seen, by their usual size.
    #[must_use]
    pub fn answer_tokens(&self) -> u64 {
        const EVENT_BYTES: u64 = 128;
        if self.events > 0 { self.events } else { self.bytes / EVENT_BYTES }
    }

    /// Whether the bytes end with the end of an event. Of a framing where that cannot be seen at
    /// the end, everything is kept until the stream ends or is large.
    fn ends_event(&self, bytes: &[u8]) -> bool {
        match self.framing {
            Framing::Sse => SSE_EDGES.iter().any(|edge| bytes.ends_with(edge)),
            Framing::JsonArray => bytes.ends_with(b"]"),
            Framing::AwsEvents => aws_ends(bytes),
        }
    }

    /// Looks at whole events.
    fn look(&mut self, bytes: &[u8]) {
        if matches!(self.speaks, Speaks::Chat(Dialect::OpenaiResponses)) {
            self.number = last_number(bytes).or(self.number);
        }
        if let Some(ending) = &mut self.ending {
            ending.see(bytes);
        }
        let may_search = self.searches.as_ref().is_some_and(|count| count.may_be_in(bytes));
        let may_tell = tells_usage(&self.mark, bytes) || may_search;
        let may_be_named = self.seeks_stored || self.audio.left > 0 && tells_audio(bytes);
        if !(may_tell || may_be_named) {
            return;
        }
        let Self {
            speaks, framing, mark, used, made, audio, seeks_stored, ending, searches, ..
        } = self;
        let mut frames = FrameReader::new(*framing);
        let mut see = |frame: Result<crate::frame::Frame<'_>, _>| {
            let Ok(frame) = frame else { return };
            if let Some(searches) = searches {
                searches.see(frame.data);
            }
            if *seeks_stored && let Some(stored) = surface::stored_chat(frame.data) {
                made.push(stored);
                *seeks_stored = false;
            }
            let says = frame.name == speaks.mark() || tells_usage(mark, frame.data.as_bytes());
            if says {
                if let Some(ending) = ending {
                    ending.see_usage(frame.name, frame.data);
                }
                used.join(speaks.read(frame.data));
                made.extend(speaks.made(frame.data));
            } else if audio.left > 0 && tells_audio(frame.data.as_bytes()) {
                audio.note(speaks.made(frame.data), made);
            }
        };
        frames.push(bytes, &mut see);
        frames.end(&mut see);
    }
}

/// Whether the mark stands there and, where it is a field, an object is its value: some providers
/// say `"usage":null` in every event.
fn tells_usage(mark: &memmem::Finder<'_>, bytes: &[u8]) -> bool {
    let is_field = mark.needle().starts_with(b"\"");
    mark.find_iter(bytes).any(|at| {
        let after = bytes[at + mark.needle().len()..].trim_ascii_start();
        let value = after.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        !is_field || value.is_some_and(|value| value.starts_with(b"{"))
    })
}

/// Whether something may be there that was said aloud.
fn tells_audio(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"\"audio\"").is_some()
}

/// The number of the last event that is told in the bytes. Its name cannot stand in a string, where
/// its quotes would be escaped.
fn last_number(bytes: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"sequence_number\":";
    let at = memmem::rfind(bytes, NAME)?;
    let rest = bytes[at + NAME.len()..].trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// Whether the bytes, which start with a message of AWS's event stream, end with the end of one.
fn aws_ends(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        if length < 16 {
            return true;
        }
        at += length;
    }
    at == bytes.len()
}

/// What a whole reply that is passed on says of what was used; everything else in it is only gone
/// over.
#[must_use]
pub fn used_of_reply(dialect: Dialect, body: &[u8]) -> Used {
    let Ok(text) = std::str::from_utf8(body) else { return Used::default() };
    let tokens = dialect.usage_at_end(text).or_else(|| dialect.usage_of_event(text));
    let mut searches = SearchCount::new(dialect);
    // Others tell it with their tokens, where they tell those.
    if tokens.is_none() || dialect == Dialect::OpenaiChat {
        searches.see(text);
    }
    Used::from(tokens).searching(searches.count())
}
