//! A provider's answer read to where it can be judged: a refusal and what is to be told whole to
//! their ends, a stream to its first event, what goes through as it came to its head.

use std::time::Duration;

use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::Dialect;
use architrave_llm::failure;
use architrave_llm::frame::Framing;
use architrave_net::{Fields, Reader, ResponseHead, WireError};

use super::awaited::{Awaited, Cut};
use super::opening::{self, Opening};
use super::outgoing::Outgoing;
use crate::attempt::Answered;

/// The largest whole answer; images and sound come in them.
const WHOLE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest body of a failure that is read; the rest of it is of no use to anybody.
const FAILURE_BYTES_MAX: usize = 64 * 1024;
/// The status of what is no answer: the provider's doing.
const BAD_GATEWAY: u16 = 502;
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
        let error = refusal(outgoing.dialect, &answered.head, &bytes);
        return Read::Refused { error, answered: is_whole.then_some(answered) };
    }
    let is_stream = stream && is_stream_type(&answered.head.fields, outgoing.framing);
    let Some(reader) = answered.call.reader() else { return Read::Broken(WireError::Closed) };
    reader.limit_stall(patience);
    if !is_stream {
        return match read_whole(Awaited::new(reader, Some(client))).await {
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
        Awaited::new(reader, Some(client)),
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

/// Reads an answer that goes through as it came to where it can be judged; `client` where nobody
/// else watches whether it is still there.
pub(super) async fn judge(
    mut answered: Box<Answered>,
    client: Option<&mut Reader>,
    dialect: Dialect,
    (patience, reads): (Duration, Reads),
) -> Judged {
    let status = answered.head.status;
    let is_read = reads.has(answered.head.fields.get("content-type").unwrap_or_default());
    let Some(reader) = answered.call.reader() else { return Judged::Broken(WireError::Closed) };
    if !(200..300).contains(&status) {
        reader.limit_stall(FAILURE_PATIENCE);
        let (bytes, is_whole) = read_up_to(reader, FAILURE_BYTES_MAX).await;
        let error = refusal(dialect, &answered.head, &bytes);
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

/// What an answer is whose status is no success. A redirect is followed nowhere, and the client,
/// which does not know where it leads, could not follow it either.
fn refusal(dialect: Dialect, head: &ResponseHead, body: &[u8]) -> ChatError {
    let mut error = dialect.read_error(head.status, body);
    complete(&mut error, head, dialect);
    if !(400..600).contains(&head.status) {
        (error.kind, error.status, error.said) = (ErrorKind::Internal, BAD_GATEWAY, None);
    }
    error
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
        error.request_id = id.map(Into::into);
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
    ChatError { status: BAD_GATEWAY, ..ChatError::new(ErrorKind::Internal, message) }
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
