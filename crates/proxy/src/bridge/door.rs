//! Streamable HTTP in front of a line.

use std::rc::Rc;
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::header;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method as McpMethod;
use architrave_mcp::refusal::{Refusal, RefusalKind, is_modern_code};
use architrave_mcp::revision::{Era, Revision};
use architrave_net::whole::WholeResponse;
use architrave_net::{Fields, Method, RequestHead};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::line::LineError;
use super::room::{Hearing, Piece};
use super::server::Server;
use super::speaker::{Speaker, Waiting, event, failure_code};

/// An answer that takes longer begins as a stream, on which who waits is seen to go away.
const HOLD: Duration = Duration::from_secs(1);

/// How often a stream with nothing to say says that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// How long a server may take to tell what it can do before it was asked to begin: one of the legacy
/// era may say nothing at all.
const DISCOVER_TIMEOUT: Duration = Duration::from_secs(5);

/// There is no such method.
const UNKNOWN_METHOD: i32 = -32601;

/// Pieces of a stream on their way to the socket.
const PIECES_MAX: usize = 4;

/// Answers a request.
pub(super) async fn answer(server: &Rc<Server>, head: &RequestHead, body: &[u8]) -> WholeResponse {
    let session = head.fields.get(header::SESSION).and_then(|id| std::str::from_utf8(id).ok());
    match (&head.method, session) {
        (Method::Post, session) => post(server, head, session, body).await,
        (Method::Get, Some(id)) => match server.session(id) {
            Some(speaker) => events(&speaker),
            None => refused(RefusalKind::SessionUnknown, "", None, Era::Legacy),
        },
        (Method::Delete, Some(id)) => match server.end_session(id) {
            true => status(200),
            false => refused(RefusalKind::SessionUnknown, "", None, Era::Legacy),
        },
        (Method::Get | Method::Delete, None) => {
            refused(RefusalKind::SessionMissing, "", None, Era::Legacy)
        }
        _ => refused(RefusalKind::WrongVerb, "", None, Era::Legacy),
    }
}

async fn post(
    server: &Rc<Server>,
    head: &RequestHead,
    session: Option<&str>,
    body: &[u8],
) -> WholeResponse {
    let Ok(text) = std::str::from_utf8(body) else {
        return refused(RefusalKind::NoJson, "it is no UTF-8", None, Era::Legacy);
    };
    let message = match Message::read(text, &MessageLimits::default()) {
        Ok(message) => message,
        Err(unread) => return written(&unread.refusal, unread.id.as_deref(), Era::Legacy, None),
    };
    let era = era_of(head, &message);
    let id = message.id(text);
    let is_opening = message.method() == Some(McpMethod::Initialize);
    let found = match (session, era) {
        (Some(own), Era::Legacy) => match server.session(own) {
            Some(speaker) => Ok((None, speaker)),
            None => return refused(RefusalKind::SessionUnknown, "", id, era),
        },
        (_, Era::Modern) => server.shared().await.map(|speaker| (None, speaker)),
        (None, Era::Legacy) if is_opening => {
            server.begin().await.map(|(made, speaker)| (Some(made), speaker))
        }
        (None, Era::Legacy) => return refused(RefusalKind::SessionMissing, "", id, era),
    };
    // Where its client goes away before it knows the id, nobody could ever end it.
    let (made, speaker) = match found {
        Ok(found) => found,
        Err(error) => return unreached(server, &error, id, era),
    };
    if message.kind() != MessageKind::Request {
        return match speaker.tell(&message, text).await {
            Ok(()) => status(202),
            Err(error) => unreached(server, &error, id, era),
        };
    }
    let mut answer = match speaker.ask(&message, text, era).await {
        Ok(waiting) if message.method() == Some(McpMethod::ServerDiscover) => {
            discovered(&speaker, waiting, id).await
        }
        Ok(waiting) => awaited(waiting, id, era).await,
        Err(error) => unreached(server, &error, id, era),
    };
    if let Some(made) = made {
        match answer.status {
            200 => answer.fields.append(header::SESSION, made.keep().as_bytes()),
            _ => drop(made),
        }
    }
    answer
}

fn era_of(head: &RequestHead, message: &Message) -> Era {
    let said = head.fields.get(header::VERSION).and_then(|it| std::str::from_utf8(it).ok());
    match said.and_then(Revision::named).map(Revision::era) {
        Some(Era::Modern) => Era::Modern,
        _ if message.has(Part::MetaVersion) => Era::Modern,
        _ => Era::Legacy,
    }
}

/// Waits for an answer a while, and for more of it on a stream.
async fn awaited(mut waiting: Waiting, id: Option<&str>, era: Era) -> WholeResponse {
    match timeout(HOLD, waiting.heard.next()).await {
        Ok(Some(piece)) if piece.is_last => json(status_of(&piece.message, era), piece.message),
        Ok(Some(piece)) => stream(event(&piece.message), waiting),
        // The line has ended, and who asked had called it off before: there is no answer, which only
        // a stream can say. An error after that is one that clients do not expect.
        Ok(None) if waiting.is_over() => ended(),
        Ok(None) => refused(RefusalKind::ServerFailed, "its answer is lost", id, era),
        Err(_late) => stream(ALIVE, waiting),
    }
}

/// The status of an answer. The modern era says some refusals in both ways, and on a line there is
/// only one.
fn status_of(message: &[u8], era: Era) -> u16 {
    match (era, failure_code(message)) {
        (Era::Modern, Some(UNKNOWN_METHOD)) => 404,
        (Era::Modern, Some(code)) if is_modern_code(code) => 400,
        _ => 200,
    }
}

/// Whether a server is of the modern era: one that does not say so is not.
async fn discovered(
    speaker: &Rc<Speaker>,
    mut waiting: Waiting,
    id: Option<&str>,
) -> WholeResponse {
    let until = Instant::now() + DISCOVER_TIMEOUT;
    let answer = loop {
        match timeout_at(until, waiting.heard.next()).await {
            Ok(Some(Piece { is_last: false, .. })) => {}
            Ok(Some(piece)) => break Some(piece.message),
            Ok(None) | Err(_) => break None,
        }
    };
    drop(waiting);
    match answer {
        Some(answer) if failure_code(&answer).is_none() => json(200, answer),
        refusal => {
            // It is spoken to in sessions from now on, and each has a line of its own.
            if speaker.is_idle() {
                speaker.end();
            }
            let unknown = || {
                let refusal = Refusal::unknown_method(McpMethod::ServerDiscover.as_str());
                let mut out = Vec::new();
                refusal.write(&mut out, id, Era::Legacy);
                out
            };
            json(200, refusal.unwrap_or_else(unknown))
        }
    }
}

/// A comment, which says nothing but that somebody is there.
const ALIVE: Bytes = Bytes::from_static(b":\n\n");

fn stream(first: Bytes, mut waiting: Waiting) -> WholeResponse {
    let (out, rest) = mpsc::channel(PIECES_MAX);
    drop(task::spawn_local(async move {
        pass_on(&mut waiting.heard, &out).await;
    }));
    streaming(first, rest)
}

fn events(speaker: &Rc<Speaker>) -> WholeResponse {
    let mut heard = speaker.listen();
    let (out, rest) = mpsc::channel(PIECES_MAX);
    drop(task::spawn_local(async move { pass_on(&mut heard, &out).await }));
    streaming(ALIVE, rest)
}

/// Passes on what comes, up to an answer, as long as somebody takes it.
async fn pass_on(heard: &mut Hearing, out: &mpsc::Sender<Bytes>) {
    let mut alive = Instant::now() + ALIVE_EVERY;
    loop {
        let (bytes, is_last) = tokio::select! {
            piece = heard.next() => match piece {
                Some(piece) => (event(&piece.message), piece.is_last),
                None => return,
            },
            () = sleep_until(alive) => (ALIVE, false),
            () = out.closed() => return,
        };
        alive = Instant::now() + ALIVE_EVERY;
        let is_sent = tokio::select! {
            sent = out.send(bytes) => sent.is_ok(),
            () = heard.let_go() => false,
        };
        if !is_sent || is_last {
            return;
        }
    }
}

fn streaming(first: Bytes, rest: mpsc::Receiver<Bytes>) -> WholeResponse {
    let mut fields = Fields::new();
    fields.append("Content-Type", b"text/event-stream");
    WholeResponse { status: 200, fields, body: first.to_vec(), rest: Some(rest) }
}

fn ended() -> WholeResponse {
    let mut fields = Fields::new();
    fields.append("Content-Type", b"text/event-stream");
    WholeResponse { status: 200, fields, body: ALIVE.to_vec(), rest: None }
}

fn status(status: u16) -> WholeResponse {
    WholeResponse { status, ..WholeResponse::default() }
}

fn json(status: u16, body: Vec<u8>) -> WholeResponse {
    let mut fields = Fields::new();
    fields.append("Content-Type", b"application/json");
    WholeResponse { status, fields, body, rest: None }
}

fn refused(kind: RefusalKind, about: &'static str, id: Option<&str>, era: Era) -> WholeResponse {
    written(&Refusal::new(kind, about), id, era, None)
}

/// There is no line to the server: it is down, for now or for longer.
fn unreached(server: &Server, error: &LineError, id: Option<&str>, era: Era) -> WholeResponse {
    tracing::warn!(server = server.name(), "an MCP server is not reached: {error}");
    let code = if error.is_for_now() { 503 } else { 502 };
    written(&Refusal::new(RefusalKind::ServerFailed, "it cannot be reached"), id, era, Some(code))
}

fn written(refusal: &Refusal, id: Option<&str>, era: Era, code: Option<u16>) -> WholeResponse {
    let mut body = Vec::new();
    refusal.write(&mut body, id, era);
    json(code.unwrap_or_else(|| refusal.status(era)), body)
}
