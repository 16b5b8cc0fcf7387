//! One server, straight through: its names stay as they are, and what it says goes on as it came.

use std::pin::pin;
use std::sync::Arc;

use architrave_mcp::arrival::Arrival;
use architrave_mcp::between::answers::ServerFacts;
use architrave_mcp::header;
use architrave_mcp::marks::Marks;
use architrave_mcp::message::{Message, Part};
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::{Era, Revision};
use architrave_mcp::session::{ServerSession, Session};
use architrave_net::Method;
use architrave_telemetry::Party;

use super::access::{may_say, viewer};
use super::answer::McpAnswer;
use super::ask::{missed, send};
use super::era::is_other;
use super::gathered::{AnswerKind, Gathered, foreign, gather};
use super::incoming::Incoming;
use super::outgoing::{Outgoing, beside, beside_legacy, head};
use super::relay::{Relaying, ask, note, note_answer, pass_whole, relay, session_head, time_left};
use super::stream::{Feed, McpStream, Role};
use super::{At, Missed, merged, session};
use crate::dispatch::ClientSide;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{LiveMcpServer, LiveMcpService, Reached};
use crate::worker::Worker;

/// Passes a message on.
///
/// # Errors
/// There is no answer.
pub(super) async fn post<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    (service, place): (&Arc<LiveMcpService>, usize),
    incoming: Incoming,
) -> Result<McpAnswer<'a>, Missed> {
    let Incoming { text, body, arrival, session, version } = incoming;
    let name = service.servers[place].name();
    let own = session.as_ref().and_then(|session| session.with(name));
    if session.is_some() && own.is_none() {
        return Err(Refusal::new(RefusalKind::SessionUnknown, "it is another server's").into());
    }
    let message = match &body {
        architrave_mcp::message::Body::One(message) => Some(message),
        architrave_mcp::message::Body::Several(_) => None,
    };
    let era = arrival.era();
    may_say(worker, exchange, (service, place), (message, &text))?;
    let beside = match message {
        Some(message) => beside(era, (message, &text), None, (version.as_deref(), own)),
        None => beside_legacy(version.as_deref(), own),
    };
    let relaying = Relaying {
        service,
        place,
        is_merged: false,
        era,
        id: message
            .filter(|message| message.method_text(&text).is_some())
            .and_then(|it| it.id(&text)),
        token: message.and_then(|it| it.raw(Part::ProgressToken, &text)),
        is_batch: message.is_none(),
        method: message.and_then(Message::method),
        body: text.as_bytes().to_vec(),
        beside,
        viewer: viewer(exchange, service),
        session: own,
    };
    match (arrival, message) {
        (Arrival::Opening { revision }, Some(opening)) => {
            pin!(open(worker, exchange, client, (relaying, revision), (opening, &text))).await
        }
        _ => pin!(relay(worker, exchange, client, relaying)).await,
    }
}

/// Makes a session: the server's answer is read whole, as its revision and its id are in the id that
/// the client gets.
async fn open<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    mut client: ClientSide<'a, '_>,
    (mut relaying, revision): (Relaying<'_>, Revision),
    opening: (&Message, &str),
) -> Result<McpAnswer<'a>, Missed> {
    let server = Arc::clone(&relaying.service.servers[relaying.place]);
    let again = relaying.again(worker);
    let answered = pin!(ask(worker, exchange, &mut client, &mut relaying)).await?;
    let mut gathered = pin!(gather(worker, &server, answered, relaying.id)).await?;
    if let Some(body) = again
        && pin!(is_other(worker, exchange, &server, &relaying.asking(), &gathered)).await
    {
        relaying.body = body;
        let answered = pin!(ask(worker, exchange, &mut client, &mut relaying)).await?;
        gathered = pin!(gather(worker, &server, answered, relaying.id)).await?;
    }
    let own = server_session(server.name(), &gathered, relaying.id)?;
    let lasts = relaying.service.config.session_max;
    let mut answer = pass_whole(&relaying, gathered)?;
    // Who makes no sessions is asked without.
    if let Some(own) = own.filter(|own| own.id.is_some()) {
        let sealed = session::make(worker, exchange, opening, (revision, lasts), vec![own]);
        let sealed = sealed.ok_or_else(|| foreign("the server's session id is too long"))?;
        session_head(&mut answer, &sealed);
    }
    Ok(answer)
}

/// What a session has with a server that has answered `initialize`; nothing where it refused.
///
/// # Errors
/// Its id of the session is none that could be kept: without it every request would be refused.
pub(super) fn server_session(
    name: &str,
    gathered: &Gathered,
    id: Option<&str>,
) -> Result<Option<ServerSession>, Failure> {
    let answer = id
        .and_then(|id| gathered.answer_to(id))
        .filter(|message| ServerFacts::read(message, &gathered.text).is_some());
    let said = answer.and_then(|message| message.text(Part::ResultVersion, &gathered.text));
    let Some(said) = said else { return Ok(None) };
    // One that has no name here is older than all that have.
    let revision = Revision::named(&said).filter(|revision| revision.era() == Era::Legacy);
    let revision = revision.unwrap_or(Revision::V2024_11_05);
    let id = gathered.session.clone().filter(|id| !id.is_empty());
    let is_sound = |id: &String| {
        id.len() <= architrave_mcp::session::SERVER_SESSION_BYTES_MAX
            && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !id.as_ref().is_none_or(is_sound) {
        return Err(foreign(format!(
            "the server {name} gives a session an id that cannot be kept"
        )));
    }
    let endpoint = id.is_some().then_some(gathered.endpoint);
    Ok(Some(ServerSession { server: name.to_owned(), revision, id, endpoint }))
}

/// Opens the stream of what servers say by themselves.
///
/// # Errors
/// There is none.
pub(super) async fn or_merged_get<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    (service, reached, heads): At<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let session = session_of(worker, exchange, heads.session)?;
    let place = match reached {
        Reached::One(place) => place,
        Reached::All => {
            let at = (service, session.as_ref(), heads);
            return pin!(merged::get(worker, exchange, client, at)).await;
        }
    };
    let server = Arc::clone(&service.servers[place]);
    let own = own_session(session.as_ref(), server.name())?;
    let way = server.way(Era::Legacy, own, worker.now());
    let mut beside = beside_legacy(heads.version, own);
    let marks = heads.last_event.and_then(Marks::decode);
    if let Some(mark) = marks.as_ref().and_then(|marks| marks.of(server.name())) {
        beside.push((header::LAST_EVENT, mark.to_owned()));
    }
    note(exchange, &server, &way.upstream);
    let outgoing = Outgoing {
        head: head(way, Method::Get, &exchange.head.fields, &beside),
        body: Vec::new(),
        pinned: own.and_then(|own| own.endpoint),
        limit: time_left(worker, exchange, server.timeouts().answer),
        is_repeatable: true,
    };
    let ClientSide { reader, writer, .. } = client;
    let conversation = exchange.connection.conversation();
    let sent = pin!(send(worker, conversation, way, outgoing, Some((&mut *reader, writer)))).await;
    count(worker, &server, "(stream)", &sent);
    let (answered, facts) = sent.map_err(|failure| missed(failure, way, own))?;
    note_answer(exchange, &answered, facts);
    let is_stream = AnswerKind::of(&answered.head.fields) == AnswerKind::Events;
    if answered.head.status == 200 && is_stream {
        let feed = Feed::new(place, Arc::clone(&server), answered);
        let about = (Arc::clone(service), false, Era::Legacy);
        let stream = McpStream::new(vec![feed], Role::Open, about, reader);
        return Ok(McpAnswer::stream(stream.behind(heads.last_event)));
    }
    let gathered = pin!(gather(worker, &server, answered, None)).await?;
    Err(match gathered.status {
        404 if own.is_some() => Refusal::new(RefusalKind::SessionUnknown, "make another").into(),
        // There is no such stream, which is said so, whatever the server calls it.
        404 | 405 => Refusal::new(RefusalKind::WrongVerb, "the server has no such stream").into(),
        status @ (400 | 409) => return Ok(McpAnswer::whole(status, gathered.text.into_bytes())),
        status => foreign(format!("the server answered {status}")).into(),
    })
}

/// Ends a session.
///
/// # Errors
/// It could not be.
pub(super) async fn or_merged_delete<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    (service, reached, heads): At<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let Some(session) = session_of(worker, exchange, heads.session)? else {
        return Err(Refusal::new(RefusalKind::SessionMissing, "").into());
    };
    let place = match reached {
        Reached::One(place) => place,
        Reached::All => return pin!(merged::delete(worker, exchange, (service, &session))).await,
    };
    let server = Arc::clone(&service.servers[place]);
    let own = own_session(Some(&session), server.name())?;
    let way = server.way(Era::Legacy, own, worker.now());
    note(exchange, &server, &way.upstream);
    let outgoing = Outgoing {
        head: head(way, Method::Delete, &exchange.head.fields, &beside_legacy(heads.version, own)),
        body: Vec::new(),
        pinned: own.and_then(|own| own.endpoint),
        limit: time_left(worker, exchange, server.timeouts().answer),
        is_repeatable: true,
    };
    let ClientSide { reader, writer, .. } = client;
    let conversation = exchange.connection.conversation();
    let sent = pin!(send(worker, conversation, way, outgoing, Some((reader, writer)))).await;
    count(worker, &server, "(end)", &sent);
    let (answered, facts) = sent.map_err(|failure| missed(failure, way, own))?;
    note_answer(exchange, &answered, facts);
    let gathered = pin!(gather(worker, &server, answered, None)).await?;
    match gathered.status {
        status @ (200..=299) => Ok(McpAnswer::whole(status, Vec::new())),
        404 => Err(Refusal::new(RefusalKind::SessionUnknown, "it is over already").into()),
        405 => {
            Err(Refusal::new(RefusalKind::WrongVerb, "the server ends its sessions itself").into())
        }
        status => Err(foreign(format!("the server answered {status}")).into()),
    }
}

fn count<T>(worker: &Worker, server: &LiveMcpServer, what: &str, sent: &Result<T, Failure>) {
    if sent.as_ref().err().is_none_or(|failure| failure.party != Party::Client) {
        server.count(worker, what, sent.is_ok());
    }
}

/// The session that a request names; nothing where it names none.
///
/// # Errors
/// It is none of ours, or over.
fn session_of(
    worker: &Worker,
    exchange: &Exchange<'_>,
    id: Option<&str>,
) -> Result<Option<Session>, Missed> {
    let Some(id) = id else { return Ok(None) };
    let opened = session::open(worker, exchange, id);
    opened.map(Some).ok_or_else(|| Refusal::new(RefusalKind::SessionUnknown, "make another").into())
}

fn own_session<'s>(
    session: Option<&'s Session>,
    name: &str,
) -> Result<Option<&'s ServerSession>, Missed> {
    match session.map(|session| session.with(name)) {
        Some(None) => {
            Err(Refusal::new(RefusalKind::SessionUnknown, "it is another server's").into())
        }
        Some(own) => Ok(own),
        None => Ok(None),
    }
}
