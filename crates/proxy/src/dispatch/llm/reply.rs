//! From a provider's answer to the client's: whole ones are read to their end, so that their cost
//! can be told in the head; streams begin as soon as their first event is there.

use std::time::Duration;

use architrave_balance::deployment::{End, Spent};
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind, Usage};
use architrave_llm::dialect::{Context, Dialect, EventWriter};
use architrave_llm::field::Losses;
use architrave_llm::frame::{FrameWriter, Framing};
use architrave_llm::translate::{self, StreamTranslation};
use architrave_llm::{estimate, failure, pass};
use architrave_net::{Fields, Reader, ResponseHead, WireError};

use super::answer::{AnswerBody, LlmAnswer};
use super::ask::Ask;
use super::awaited::{Awaited, Cut};
use super::opening::{self, Opening};
use super::outgoing::{self, Outgoing};
use super::run::{Attempted, Missed};
use super::stream::LlmStream;
use crate::attempt::Answered;
use crate::worker::Worker;
use architrave_policy::guardrail::ReplyGuard;
use architrave_telemetry::{Party, Phase};

/// The largest whole answer; images and sound come in them.
const WHOLE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest body of a failure that is read; the rest of it is of no use to anybody.
const FAILURE_BYTES_MAX: usize = 64 * 1024;
/// How long the body of a failure may take.
const FAILURE_PATIENCE: Duration = Duration::from_secs(5);

/// An answer that was read to where it can be judged.
pub(super) enum Read {
    /// It is whole.
    Whole {
        /// Its body.
        bytes: Vec<u8>,
        /// The connection it came by.
        answered: Box<Answered>,
    },
    /// It is a stream that opened well.
    Stream(Box<Answered>, Opening),
    /// The provider refused, or failed in its first event.
    Refused {
        /// What it said.
        error: ChatError,
        /// The connection it came by, when it can carry another request.
        answered: Option<Box<Answered>>,
    },
    /// It broke off before it could be judged.
    Broken(WireError),
    /// Nobody waits for it any more.
    ClientGone,
}

impl From<Cut> for Read {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Wire(error) => Self::Broken(error),
            Cut::ClientGone => Self::ClientGone,
        }
    }
}

/// Reads an answer to where it can be judged. `patience` is how long the first event may take.
pub(super) async fn read(
    mut answered: Box<Answered>,
    outgoing: &Outgoing,
    client: &mut Reader,
    (stream, patience): (bool, Duration),
) -> Read {
    let status = answered.head.status;
    if !(200..300).contains(&status) {
        let Some(reader) = answered.call.reader() else { return Read::Broken(WireError::Closed) };
        reader.limit_stall(FAILURE_PATIENCE);
        let (bytes, is_whole) = read_up_to(reader, FAILURE_BYTES_MAX).await;
        let mut error = outgoing.dialect.read_error(status, &bytes);
        complete(&mut error, &answered.head, outgoing.dialect);
        return Read::Refused { error, answered: is_whole.then_some(answered) };
    }
    let is_stream = stream && is_stream_type(&answered.head.fields, outgoing.framing);
    let Some(reader) = answered.call.reader() else { return Read::Broken(WireError::Closed) };
    reader.limit_stall(patience);
    if !is_stream {
        return match read_whole(Awaited::new(reader, client)).await {
            Ok(bytes) if !looks_like_object(&bytes) => {
                Read::Refused { error: unreadable(), answered: Some(answered) }
            }
            Ok(bytes) => match failure::in_reply(outgoing.dialect, &bytes) {
                Some(error) => Read::Refused { error, answered: Some(answered) },
                None => Read::Whole { bytes, answered },
            },
            Err(cut) => cut.into(),
        };
    }
    match opening::read(
        Awaited::new(reader, client),
        (outgoing.dialect, outgoing.framing),
        patience,
    )
    .await
    {
        Ok(Opening { failure: Some(error), .. }) => Read::Refused { error, answered: None },
        Ok(opening) => Read::Stream(answered, opening),
        Err(cut) => cut.into(),
    }
}

/// An answer that goes through as it came, as far as it was read.
pub(super) enum Judged {
    /// It is whole.
    Whole(Box<Answered>, Vec<u8>),
    /// It comes piece by piece: a stream of events, sound, a file.
    Piecewise(Box<Answered>),
    /// The provider refused.
    Refused(ChatError, Option<Box<Answered>>),
    /// It broke off before it could be judged.
    Broken(WireError),
    /// Nobody waits for it any more.
    ClientGone,
    /// It is too large for anybody to look at.
    Unseen,
}

/// Which answers are read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// JSON: it tells what was used.
    Json,
    /// Texts as well: somebody looks at them.
    Texts,
    /// All of them: what they are shows in them alone.
    All,
}

impl Reads {
    fn has(self, media_type: &[u8]) -> bool {
        let is_json = media_type.starts_with(b"application/json");
        let is_text = media_type.starts_with(b"text/") || media_type.ends_with(b"subrip");
        let is_stream = media_type.starts_with(b"text/event-stream");
        match self {
            Self::Json => is_json,
            Self::Texts => is_json || (is_text && !is_stream),
            Self::All => !is_stream,
        }
    }
}

/// Reads an answer that goes through as it came to where it can be judged.
pub(super) async fn judge(
    mut answered: Box<Answered>,
    client: &mut Reader,
    dialect: Dialect,
    (patience, reads): (Duration, Reads),
) -> Judged {
    let status = answered.head.status;
    let is_read = reads.has(answered.head.fields.get("content-type").unwrap_or_default());
    let Some(reader) = answered.call.reader() else { return Judged::Broken(WireError::Closed) };
    if !(200..300).contains(&status) {
        reader.limit_stall(FAILURE_PATIENCE);
        let (bytes, is_whole) = read_up_to(reader, FAILURE_BYTES_MAX).await;
        let mut error = dialect.read_error(status, &bytes);
        complete(&mut error, &answered.head, dialect);
        return Judged::Refused(error, is_whole.then_some(answered));
    }
    reader.limit_stall(patience);
    if !is_read {
        return Judged::Piecewise(answered);
    }
    match read_whole(Awaited::new(reader, client)).await {
        Ok(bytes) => Judged::Whole(answered, bytes),
        Err(Cut::Wire(WireError::TooLarge)) if reads != Reads::Json => Judged::Unseen,
        Err(Cut::Wire(error)) => Judged::Broken(error),
        Err(Cut::ClientGone) => Judged::ClientGone,
    }
}

/// What only the head of a failure says.
fn complete(error: &mut ChatError, head: &ResponseHead, dialect: Dialect) {
    let text = |name| head.fields.get(name).and_then(|value| std::str::from_utf8(value).ok());
    if dialect == Dialect::BedrockConverse
        && let Some(kind) = text("x-amzn-errortype")
    {
        architrave_llm::dialect::add_aws_error_type(error, kind);
    }
    if error.request_id.is_none() {
        let id = text("request-id").or_else(|| text("x-request-id"));
        error.request_id = id.map(str::to_owned);
    }
}

fn is_stream_type(fields: &Fields, framing: Framing) -> bool {
    let said = fields.get("content-type").unwrap_or_default();
    match framing {
        Framing::JsonArray => true,
        // Some servers that only speak JSON ignore the wish for a stream.
        _ => !said.starts_with(b"application/json"),
    }
}

async fn read_whole(mut answer: Awaited<'_>) -> Result<Vec<u8>, Cut> {
    let mut bytes = Vec::with_capacity(1024);
    while answer.fill().await? {
        let piece = answer.answer.data();
        if bytes.len() + piece.len() > WHOLE_BYTES_MAX {
            return Err(Cut::Wire(WireError::TooLarge));
        }
        bytes.extend_from_slice(piece);
        let count = piece.len();
        answer.answer.consume(count);
    }
    Ok(bytes)
}

/// Whether these bytes may be an object of JSON; a page of a proxy that says 200 is none.
fn looks_like_object(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii();
    bytes.starts_with(b"{") && bytes.ends_with(b"}")
}

/// That a provider's answer is none.
pub(super) fn unreadable() -> ChatError {
    let message = "the provider's reply cannot be read";
    ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
}

/// Reads up to so many bytes; whether that was all.
async fn read_up_to(reader: &mut Reader, bytes_max: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    loop {
        match reader.fill().await {
            Ok(true) if bytes.len() < bytes_max => {
                let count = reader.data().len().min(bytes_max - bytes.len());
                bytes.extend_from_slice(&reader.data()[..count]);
                reader.consume(count);
            }
            Ok(false) => return (bytes, true),
            Ok(true) | Err(_) => return (bytes, false),
        }
    }
}

/// A whole answer in the client's dialect, with what was used.
pub(super) struct Told {
    /// Its body.
    pub body: Vec<u8>,
    /// The media type of it.
    pub content_type: &'static str,
    /// What was used.
    pub usage: Usage,
    /// Whether that is an estimate, the provider having said nothing.
    pub is_estimated: bool,
    /// What could not be said.
    pub losses: Losses,
}

/// Tells a whole answer in the client's dialect.
///
/// # Errors
/// That it cannot be read.
pub(super) async fn tell(
    worker: &Worker,
    ask: &Ask,
    outgoing: &Outgoing,
    bytes: Vec<u8>,
    context: &Context,
) -> Result<Told, ChatError> {
    let (from, to) = (outgoing.dialect, ask.dialect);
    let prompt_tokens = ask.prompt_tokens;
    if from == to && !ask.stream {
        let usage = pass::usage_of_reply(to, &bytes);
        return Ok(Told::new(bytes, "application/json", usage, prompt_tokens));
    }
    let (stream, framing) = (ask.stream, ask.framing);
    let context = context.clone();
    outgoing::offloaded(worker, bytes.len(), move || {
        if stream {
            return replayed((from, to), framing, &bytes, &context, prompt_tokens);
        }
        let told = translate::reply(from, to, &bytes, &context)?;
        let losses = told.losses;
        let told = Told::new(told.body, "application/json", told.usage, prompt_tokens);
        Ok(Told { losses, ..told })
    })
    .await
}

impl Told {
    fn new(
        body: Vec<u8>,
        content_type: &'static str,
        usage: Option<Usage>,
        prompt_tokens: u64,
    ) -> Self {
        let is_estimated = usage.is_none();
        // Where the provider does not say it: the prompt as it was reserved, the answer by its
        // length.
        let usage = usage.unwrap_or_else(|| Usage {
            input: prompt_tokens,
            output: estimate::tokens_of_bytes(body.len() as u64),
            ..Usage::default()
        });
        Self { body, content_type, usage, is_estimated, losses: Losses::default() }
    }
}

/// Tells a whole answer as the stream that the client asked for: some servers have none.
fn replayed(
    (from, to): (Dialect, Dialect),
    framing: Framing,
    bytes: &[u8],
    context: &Context,
    prompt_tokens: u64,
) -> Result<Told, ChatError> {
    let text = std::str::from_utf8(bytes).map_err(|_not_text| unreadable())?;
    let (reply, losses) = from.read_reply(text, context).map_err(|_no_reply| unreadable())?;
    let mut body = Vec::with_capacity(bytes.len() * 2);
    let mut writer = EventWriter::new(to, context);
    let mut frames = FrameWriter::new(framing);
    translate::replay(&reply, &mut |event| writer.write(&event, &mut frames, &mut body));
    frames.end(&mut body);
    let told = Told::new(body, framing.content_type(), reply.usage, prompt_tokens);
    Ok(Told { losses, ..told })
}

/// A stream in the client's dialect.
pub(super) fn stream<'a>(
    ask: &Ask,
    outgoing: &Outgoing,
    (answered, held): (Box<Answered>, Vec<u8>),
    context: &Context,
    (client, guard): (&'a mut Reader, Option<ReplyGuard>),
) -> LlmAnswer<'a> {
    let from = (outgoing.dialect, outgoing.framing);
    let to = (ask.dialect, ask.framing);
    let mut head = ResponseHead { status: 200, ..ResponseHead::default() };
    head.fields.append("Content-Type", to.1.content_type().as_bytes());
    head.fields.append("Cache-Control", b"no-cache");
    let mut answer = LlmAnswer { head, body: AnswerBody::Whole(Vec::new()) };
    answer.pass_fields(&answered.head.fields);
    let stream = match guard {
        // Whoever is to see through a text must have it event by event.
        Some(guard) => {
            let translation = StreamTranslation::new(from, to, context).filtered(Box::new(guard));
            LlmStream::translated(answered, translation, client)
        }
        None if from == to => LlmStream::passed(answered, from, outgoing.hides_usage, client),
        None => LlmStream::translated(answered, StreamTranslation::new(from, to, context), client),
    };
    answer.body = AnswerBody::Stream(Box::new(stream.behind(held)));
    answer
}

/// That nobody waits for an answer any more.
pub(super) fn nobody_waits() -> Attempted {
    let error =
        ChatError { status: 499, ..ChatError::new(ErrorKind::Internal, "the client went away") };
    let missed = Missed {
        error: Box::new(error),
        reason: Reason::ClientClosed,
        party: Party::Client,
        phase: Phase::Wait,
        said: None,
    };
    Attempted::Void(End::Abandoned(Spent::default()), missed)
}

/// Why an attempt that broke off did.
pub(super) fn broken(error: &WireError) -> (ChatError, Reason) {
    let reason = match error {
        WireError::Stalled => Reason::ResponseTimeout,
        other => other.upstream_reason(),
    };
    let (kind, message) = match reason {
        Reason::ResponseTimeout => (ErrorKind::Timeout, "the provider did not answer in time"),
        _ => (ErrorKind::Internal, "the provider's answer broke off"),
    };
    (ChatError { status: reason.status(), ..ChatError::new(kind, message) }, reason)
}
