//! What a client gets: one body of JSON where the answer is soon there, else a stream of events.

use std::time::Duration;

use architrave_core::task;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::refusal::{Refusal, RefusalKind, is_modern_code};
use architrave_mcp::revision::Era;
use architrave_net::Fields;
use architrave_net::whole::WholeResponse;
use architrave_wire::sse::{Event, write_event};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// An answer that takes longer begins as a stream, on which who waits is seen to go away.
const HOLD: Duration = Duration::from_millis(500);

/// How often a stream with nothing to say says that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// Messages on their way to the client; whoever makes more of them waits.
const PIECES_MAX: usize = 16;

/// A comment, which says nothing but that somebody is there.
const ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// A message for a client.
#[derive(Debug)]
pub(super) struct Piece {
    message: Vec<u8>,
    is_last: bool,
}

/// Where messages for a client go; who waits for one has the other end.
#[derive(Debug, Clone)]
pub(super) struct Outlet(mpsc::Sender<Piece>);

/// The other end.
#[derive(Debug)]
pub(super) struct Pieces(mpsc::Receiver<Piece>);

/// A way for messages to a client.
pub(super) fn outlet() -> (Outlet, Pieces) {
    let (to, from) = mpsc::channel(PIECES_MAX);
    (Outlet(to), Pieces(from))
}

impl Outlet {
    /// Says something on the way to the answer. Where nobody takes it, nobody wants it.
    pub(super) async fn say(&self, message: Vec<u8>) {
        let _gone = self.0.send(Piece { message, is_last: false }).await;
    }

    /// Answers.
    pub(super) async fn answer(&self, message: Vec<u8>) {
        let _gone = self.0.send(Piece { message, is_last: true }).await;
    }

    /// Answers with a refusal.
    pub(super) async fn refuse(&self, refusal: &Refusal, id: &str, era: Era) {
        let mut message = Vec::new();
        refusal.write(&mut message, Some(id), era);
        self.answer(message).await;
    }

    /// Waits until nobody waits any more.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }

    /// Whether nobody waits any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// The answer that comes through an outlet.
pub(super) async fn answered(mut pieces: Pieces, id: &str, era: Era) -> WholeResponse {
    match timeout(HOLD, pieces.0.recv()).await {
        Ok(Some(piece)) if piece.is_last => json(status_of(&piece.message, era), piece.message),
        Ok(Some(piece)) => stream(event(&piece.message), pieces),
        Ok(None) => {
            let refusal = Refusal::new(RefusalKind::ServerFailed, "its answer is lost");
            refused(&refusal, Some(id), era)
        }
        Err(_late) => stream(ALIVE, pieces),
    }
}

/// A stream that begins at once.
pub(super) fn streamed(pieces: Pieces) -> WholeResponse {
    stream(ALIVE, pieces)
}

fn stream(first: Bytes, mut pieces: Pieces) -> WholeResponse {
    let (out, rest) = mpsc::channel(1);
    drop(task::spawn_local(async move {
        let mut alive = Instant::now() + ALIVE_EVERY;
        loop {
            let (bytes, is_last) = tokio::select! {
                piece = pieces.0.recv() => match piece {
                    Some(piece) => (event(&piece.message), piece.is_last),
                    None => return,
                },
                () = sleep_until(alive) => (ALIVE, false),
                () = out.closed() => return,
            };
            alive = Instant::now() + ALIVE_EVERY;
            if out.send(bytes).await.is_err() || is_last {
                return;
            }
        }
    }));
    let mut fields = Fields::new();
    fields.append("Content-Type", b"text/event-stream");
    WholeResponse { status: 200, fields, body: first.to_vec(), rest: Some(rest) }
}

fn event(message: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(message.len() + 32);
    let data = Some(message);
    write_event(&mut out, &Event { name: "message", id: None, retry_ms: None, data });
    out.into()
}

/// The status of an answer: the modern era says some refusals in both ways.
fn status_of(message: &[u8], era: Era) -> u16 {
    let code = || {
        let text = std::str::from_utf8(message).ok()?;
        let message = Message::read(text, &MessageLimits::default()).ok()?;
        let code = message.raw(Part::ErrorCode, text)?.parse::<i32>().ok()?;
        (message.kind() == MessageKind::Failure).then_some(code)
    };
    match (era, code()) {
        (Era::Modern, Some(-32601)) => 404,
        (Era::Modern, Some(code)) if is_modern_code(code) => 400,
        _ => 200,
    }
}

/// A status and nothing else.
pub(super) fn status(status: u16) -> WholeResponse {
    WholeResponse { status, ..WholeResponse::default() }
}

/// A body of JSON.
pub(super) fn json(status: u16, body: Vec<u8>) -> WholeResponse {
    let mut fields = Fields::new();
    fields.append("Content-Type", b"application/json");
    WholeResponse { status, fields, body, rest: None }
}

/// A refusal.
pub(super) fn refused(refusal: &Refusal, id: Option<&str>, era: Era) -> WholeResponse {
    let mut body = Vec::new();
    refusal.write(&mut body, id, era);
    json(refusal.status(era), body)
}
