//! Claims about what `architrave-llm` reads of chat from any bytes at all: requests, replies,
//! streams and errors of every dialect, and the mock that answers requests.

use architrave_llm::chat::{ChatEvent, ChatReply, ErrorKind};
use architrave_llm::dialect::{
    Address, Context, Dialect, EventReader, EventWriter, Quirks, aws_error_type,
};
use architrave_llm::frame::{Frame, FrameReader, FrameWriter, Framing};
use architrave_llm::json::{is_object, is_value};
use architrave_llm::mock::Mock;
use architrave_llm::pass::{PassedStream, used_of_reply};
use architrave_llm::scan::Scanned;
use architrave_llm::signal::{Limits, Signal};
use architrave_llm::translate::{Assembly, StreamTranslation, replay};

/// An entry takes any bytes and panics when a claim does not hold.
pub type Entry = fn(&[u8]);

/// Every target with its entry; seeds are in `corpus/<name>`, and the fixtures of the dialects are
/// seeds as well.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("llm_request", llm_request),
    ("llm_reply", llm_reply),
    ("llm_stream", llm_stream),
    ("llm_error", llm_error),
];

/// What the gateway knows of an exchange.
fn context() -> Context {
    Context { id: "x".to_owned(), model: "m".to_owned(), created_s: 1, stream_usage: true }
}

/// The dialect of a byte.
fn dialect_of(byte: u8) -> Dialect {
    Dialect::ALL[usize::from(byte) % Dialect::ALL.len()]
}

/// The first byte says the dialect. A request that is taken can be written in every dialect that
/// does not refuse it, and is sound there; the mock's answer is one that all dialects can tell.
pub fn llm_request(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let from = dialect_of(*first);
    let Ok(body) = str::from_utf8(body) else { return };
    if Scanned::whole(body.as_bytes(), from.watch()).is_err() {
        return;
    }
    let address = Address { model: Some("m".into()), stream: Some(true), framing: None };
    let Ok((mut request, _)) = from.read_request(body, &address) else { return };
    let mut all = Quirks::default();
    for name in Quirks::NAMES {
        *all.named(name).expect("it is one of the names") = true;
    }
    for (&to, quirks) in Dialect::ALL.iter().flat_map(|to| [(to, Quirks::default()), (to, all)]) {
        let mut out = Vec::new();
        if to.write_request(&request, &quirks, &mut out).is_err() {
            continue;
        }
        let out = String::from_utf8(out).expect("what is written is text");
        assert!(is_object(&out), "{out}");
        Scanned::whole(out.as_bytes(), to.watch())
            .unwrap_or_else(|error| panic!("{to:?} writes what is refused: {error}: {out}"));
        to.read_request(&out, &address)
            .unwrap_or_else(|error| panic!("{to:?} does not read what it wrote: {error}: {out}"));
    }
    if !Mock::MODELS.contains(&request.model.as_ref()) {
        request.model = "tools".into();
    }
    let mock = Mock { tokens_per_second: 10, ..Mock::default() };
    let Ok(reply) = mock.reply(&request, from, &context()) else { return };
    let mut assembly = Assembly::default();
    mock.steps(&reply).for_each(|step| assembly.take(&step.event));
    assert_eq!(assembly.finish().as_ref(), Ok(&reply));
    tell(&reply);
}

/// The first byte says the dialect. A reply that is read can be told in every dialect, whole and as
/// a stream, and what it used is what a look in passing finds.
pub fn llm_reply(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let from = dialect_of(*first);
    let seen = used_of_reply(from, body).tokens;
    let Ok(body) = str::from_utf8(body) else { return };
    let Ok((reply, _)) = from.read_reply(body, &context()) else { return };
    assert_eq!(seen, reply.usage);
    tell(&reply);
}

/// Tells a reply in every dialect, whole and as a stream.
fn tell(reply: &ChatReply<'_>) {
    for &to in Dialect::ALL {
        let mut out = Vec::new();
        to.write_reply(reply, &context(), &mut out);
        let out = String::from_utf8(out).expect("what is written is text");
        assert!(is_object(&out), "{out}");
        to.read_reply(&out, &context())
            .unwrap_or_else(|error| panic!("{to:?} does not read what it wrote: {error}: {out}"));
        let mut stream = Vec::new();
        let mut writer = EventWriter::new(to, &context());
        let mut frames = FrameWriter::new(to.framing());
        replay(reply, &mut |event| writer.write(&event, &mut frames, &mut stream));
        frames.end(&mut stream);
        read_stream(to, to.framing(), &stream);
    }
}

/// Reads a stream that we wrote: every event of it is one of the dialect.
fn read_stream(dialect: Dialect, framing: Framing, bytes: &[u8]) {
    let mut reader = EventReader::new(dialect, &context());
    let mut frames = FrameReader::new(framing);
    let mut each = |frame: Result<Frame<'_>, _>| {
        let frame = frame.expect("what is framed by us can be cut");
        let read = reader.read(&frame, &mut |_| {});
        read.unwrap_or_else(|error| panic!("{dialect:?} does not read {frame:?}: {error}"));
    };
    frames.push(bytes, &mut each);
    frames.end(&mut each);
}

/// The first bytes say the dialects, the framing and how the rest is cut. However it is cut, the
/// same is told; the events keep their promises, and what is written can be read.
pub fn llm_stream(bytes: &[u8]) {
    let [from, to, framing, cut, rest @ ..] = bytes else { return };
    let (from, to) = (dialect_of(*from), dialect_of(*to));
    let framing = match framing % 4 {
        0 | 1 => from.framing(),
        2 => Framing::Sse,
        _ => Framing::JsonArray,
    };
    let told = |piece: usize| {
        let mut out = Vec::new();
        let framings = ((from, framing), (to, to.framing()));
        let mut translation = StreamTranslation::new(framings.0, framings.1, &context());
        rest.chunks(piece.max(1)).for_each(|piece| translation.push(piece, &mut out));
        translation.end(&mut out);
        let failure = translation.error().cloned();
        (out, translation.usage(), translation.bad_events(), translation.answer_bytes(), failure)
    };
    let whole = told(rest.len());
    assert_eq!(whole, told(usize::from(*cut % 32) + 1));
    read_stream(to, to.framing(), &whole.0);
    let mut promises = Promises::default();
    let mut reader = EventReader::new(from, &context());
    let mut frames = FrameReader::new(framing);
    let mut each = |frame: Result<Frame<'_>, _>| {
        if let Ok(frame) = frame {
            let _ = reader.read(&frame, &mut |event| promises.see(&event));
        }
    };
    frames.push(rest, &mut each);
    frames.end(&mut each);
    reader.end(&mut |event| promises.see(&event));
    let mut passed = PassedStream::new(from, framing);
    rest.chunks(usize::from(*cut) + 1).for_each(|piece| passed.see(piece));
    passed.end();
    assert_eq!(passed.bytes(), rest.len() as u64);
}

/// Holds a reader to what `chat::ChatEvent` promises.
#[derive(Default)]
struct Promises {
    has_begun: bool,
    is_over: bool,
    /// Choice and part of what is open, and the next part of each choice.
    open: Vec<(u32, u32)>,
    next: Vec<(u32, u32)>,
    finished: Vec<u32>,
}

impl Promises {
    fn see(&mut self, event: &ChatEvent<'_>) {
        // After a failure anything may come; nobody looks at it.
        if self.is_over {
            return;
        }
        match event {
            ChatEvent::Start { .. } => {
                assert!(!self.has_begun, "a second start");
                self.has_begun = true;
            }
            ChatEvent::Error(_) => self.is_over = true,
            ChatEvent::Usage(_) => {}
            _ => assert!(self.has_begun, "{event:?} before the start"),
        }
        match event {
            ChatEvent::PartStart { choice, part, .. } => {
                assert!(!self.finished.contains(choice), "{event:?} after the finish");
                let next = self.next.iter().position(|(one, _)| one == choice);
                let next = next.unwrap_or_else(|| {
                    self.next.push((*choice, 0));
                    self.next.len() - 1
                });
                assert_eq!(self.next[next].1, *part, "parts are counted: {event:?}");
                self.next[next].1 += 1;
                self.open.push((*choice, *part));
            }
            ChatEvent::PartDelta { choice, part, .. } => {
                assert!(self.open.contains(&(*choice, *part)), "{event:?} of no open part");
            }
            ChatEvent::PartEnd { choice, part } => {
                let place = self.open.iter().position(|open| *open == (*choice, *part));
                self.open.remove(place.unwrap_or_else(|| panic!("{event:?} of no open part")));
            }
            ChatEvent::Finish { choice, .. } => {
                assert!(!self.finished.contains(choice), "a second finish of {choice}");
                assert!(self.open.iter().all(|(one, _)| one != choice), "{event:?} of open parts");
                self.finished.push(*choice);
            }
            ChatEvent::End => {
                assert!(self.open.is_empty(), "an end with open parts");
                self.is_over = true;
            }
            _ => {}
        }
    }
}

/// The first bytes say the dialect and the status; headers come next, up to an empty line. An
/// error is read whatever comes, can be told in every dialect, and means something.
pub fn llm_error(bytes: &[u8]) {
    let [first, status, rest @ ..] = bytes else { return };
    let from = dialect_of(*first);
    let status = 200 + u16::from(*status) * 2;
    let text = String::from_utf8_lossy(rest);
    let (headers, body) = text.split_once("\n\n").unwrap_or(("", &text));
    let error = from.read_error(status, body.as_bytes());
    assert!(!error.message.is_empty());
    for &to in Dialect::ALL {
        let mut out = Vec::new();
        to.write_error(&error, &mut out);
        let out = String::from_utf8(out).expect("what is written is text");
        assert!(is_value(&out), "{out}");
        assert!(!aws_error_type(error.kind).is_empty());
        assert_eq!(to.read_error(status, out.as_bytes()).message, error.message);
    }
    let pairs = headers.lines().filter_map(|line| line.split_once(':'));
    let pairs = pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let limits = Limits::read(pairs, std::time::UNIX_EPOCH);
    for window in [limits.quota.requests, limits.quota.tokens].into_iter().flatten() {
        assert!(window.limit != Some(0));
    }
    let signal = Signal::of(status, &limits, Some(&error));
    let is_refusal = error.kind == ErrorKind::InvalidRequest;
    assert!(!is_refusal || !signal.kind.name().is_empty());
}
