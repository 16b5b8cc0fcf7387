//! One message to one server, and its answer to the client: whole, or event by event.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use architrave_mcp::content;
use architrave_mcp::header;
use architrave_mcp::list::ListKind;
use architrave_mcp::message::{Message, MessageKind, Part};
use architrave_mcp::method::Method as McpMethod;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::{Era, Revision};
use architrave_mcp::session::ServerSession;
use architrave_net::Method;
use architrave_telemetry::Party;
use architrave_wire::json::Cursor;

use super::Missed;
use super::access::narrowed;
use super::answer::McpAnswer;
use super::ask::{missed, send, while_there};
use super::era::{Asking, is_other};
use super::gathered::{AnswerKind, Gathered, foreign, gather, is_batch_of_answers, under_id};
use super::outgoing::{Beside, Outgoing, head, tell_caller};
use super::stream::{Feed, McpStream, Role};
use crate::assembly::LiveUpstream;
use crate::attempt::{Answered, AttemptFacts};
use crate::dispatch::ClientSide;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{LiveMcpServer, LiveMcpService, Viewer};
use crate::worker::Worker;

/// A message on its way to one server.
#[derive(Debug)]
pub(super) struct Relaying<'r> {
    /// The service.
    pub service: &'r Arc<LiveMcpService>,
    /// The place of the server in it.
    pub place: usize,
    /// Whether the client knows several servers as one.
    pub is_merged: bool,
    /// The era that the client speaks.
    pub era: Era,
    /// The id of the request; nothing where no answer is expected.
    pub id: Option<&'r str>,
    /// The JSON of the token of its progress, where it has one.
    pub token: Option<&'r str>,
    /// Whether it is several messages.
    pub is_batch: bool,
    /// The method, where it is one that is known.
    pub method: Option<McpMethod>,
    /// The message.
    pub body: Vec<u8>,
    /// What is said beside it.
    pub beside: Beside,
    /// Who asks, where lists differ by that.
    pub viewer: Option<Viewer>,
    /// What the client's session has with the server.
    pub session: Option<&'r ServerSession>,
}

impl Relaying<'_> {
    fn server(&self) -> &Arc<LiveMcpServer> {
        &self.service.servers[self.place]
    }

    /// What is asked, as far as it matters to which era the server belongs.
    pub(super) fn asking(&self) -> Asking<'_> {
        let is_request = self.id.is_some() && !self.is_batch;
        Asking { era: self.era, own: self.session, method: self.method, is_request }
    }

    /// The message, kept for the case that the server speaks the other era.
    pub(super) fn again(&self, worker: &Worker) -> Option<Vec<u8>> {
        self.asking().may_be_other(worker, self.server()).then(|| self.body.clone())
    }

    /// Whether the answer is a list of which not everybody sees all: it is read whole.
    fn is_narrowed(&self) -> bool {
        self.viewer.is_some() && self.method.and_then(ListKind::of).is_some()
    }

    fn expects_answer(&self) -> bool {
        self.id.is_some() || self.is_batch
    }
}

/// Sends a message to its server, with its answer's head read.
///
/// # Errors
/// There is none.
pub(super) async fn ask<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    client: &mut ClientSide<'a, '_>,
    relaying: &mut Relaying<'_>,
) -> Result<Box<Answered>, Missed> {
    let server = Arc::clone(relaying.server());
    let way = server.way(relaying.era, relaying.session, worker.now());
    note(exchange, &server, &way.upstream);
    let mut head = head(way, Method::Post, &exchange.head.fields, &relaying.beside);
    tell_caller(&mut head, way, exchange);
    let outgoing = Outgoing {
        head,
        body: std::mem::take(&mut relaying.body),
        pinned: relaying.session.and_then(|own| own.endpoint),
        limit: time_left(worker, exchange, server.timeouts().answer),
        is_repeatable: relaying.method.is_some_and(McpMethod::is_repeatable),
    };
    let watched = Some((&mut *client.reader, &mut *client.writer));
    let conversation = exchange.connection.conversation();
    let sent = pin!(send(worker, conversation, way, outgoing, watched)).await;
    let is_of_server = sent.as_ref().err().is_none_or(|failure| failure.party != Party::Client);
    if is_of_server {
        server.count(worker, counted_as(relaying.method), sent.is_ok());
    }
    let (answered, facts) = sent.map_err(|failure| missed(failure, way, relaying.session))?;
    note_answer(exchange, &answered, facts);
    Ok(answered)
}

/// What a request is counted as.
pub(super) fn counted_as(method: Option<McpMethod>) -> &'static str {
    method.map_or("(other)", McpMethod::as_str)
}

/// How long an answer may take, by what is written of the server and of the route.
pub(super) fn time_left(worker: &Worker, exchange: &Exchange<'_>, limit: Duration) -> Duration {
    let of_route = exchange.matched.and_then(|matched| matched.route.timeout);
    let since = worker.now().since(exchange.began);
    of_route.map_or(limit, |of_route| limit.min(of_route.saturating_sub(since)))
}

/// Notes who is asked.
pub(super) fn note(
    exchange: &mut Exchange<'_>,
    server: &LiveMcpServer,
    upstream: &Arc<LiveUpstream>,
) {
    exchange.attempts += 1;
    if let Some(facts) = &mut exchange.mcp {
        facts.server.clear();
        facts.server.push_str(server.name());
        facts.upstream = Some(Arc::clone(upstream));
    }
}

/// Notes who has answered.
pub(super) fn note_answer(exchange: &mut Exchange<'_>, answered: &Answered, facts: AttemptFacts) {
    exchange.endpoint = Some(Arc::clone(&answered.endpoint));
    let timings = &mut exchange.timings;
    timings.connect = facts.connect.or(timings.connect);
    timings.first_byte = facts.first_byte;
    timings.answered = facts.answered;
}

/// Sends a message to its server and passes the answer on.
///
/// # Errors
/// There is none that could be.
pub(super) async fn relay<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    mut client: ClientSide<'a, '_>,
    mut relaying: Relaying<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let again = relaying.again(worker);
    let mut answered = pin!(ask(worker, exchange, &mut client, &mut relaying)).await?;
    let server = Arc::clone(relaying.server());
    if let Some(body) =
        again.filter(|_| AnswerKind::of(&answered.head.fields) != AnswerKind::Events)
    {
        let gathered = pin!(whole(worker, &mut client, &relaying, answered)).await?;
        let asking = relaying.asking();
        if !pin!(is_other(worker, exchange, &server, &asking, &gathered)).await {
            return pass_whole(&relaying, gathered);
        }
        relaying.body = body;
        answered = pin!(ask(worker, exchange, &mut client, &mut relaying)).await?;
    }
    let is_stream =
        AnswerKind::of(&answered.head.fields) == AnswerKind::Events && !relaying.is_narrowed();
    if is_stream && answered.head.status == 200 && relaying.expects_answer() {
        let role = match relaying.id {
            Some(id) => Role::Call { id: id.to_owned(), token: relaying.token.map(str::to_owned) },
            None => Role::Several,
        };
        let feed = Feed::new(relaying.place, Arc::clone(relaying.server()), answered);
        let ClientSide { reader, .. } = client;
        let service = Arc::clone(relaying.service);
        let stream =
            McpStream::new(vec![feed], role, (service, relaying.is_merged, relaying.era), reader);
        return Ok(McpAnswer::stream(stream));
    }
    if is_stream && (200..=299).contains(&answered.head.status) && !relaying.expects_answer() {
        // What it says by that is for nobody, and may have no end.
        return Ok(McpAnswer::whole(202, Vec::new()));
    }
    let gathered = pin!(whole(worker, &mut client, &relaying, answered)).await?;
    pass_whole(&relaying, gathered)
}

/// Reads an answer whole, for as long as its client is there where to go away is to call it off.
async fn whole(
    worker: &Worker,
    client: &mut ClientSide<'_, '_>,
    relaying: &Relaying<'_>,
    answered: Box<Answered>,
) -> Result<Gathered, Failure> {
    let gathering = gather(worker, relaying.server(), answered, relaying.id);
    match relaying.era {
        Era::Modern => pin!(while_there(client, gathering)).await,
        Era::Legacy => pin!(gathering).await,
    }
}

/// An answer that is there, as the client gets it.
///
/// # Errors
/// It is none of the protocol's.
pub(super) fn pass_whole<'a>(
    relaying: &Relaying<'_>,
    gathered: Gathered,
) -> Result<McpAnswer<'a>, Missed> {
    let kind = relaying.method.and_then(ListKind::of);
    let gathered = match (&relaying.service.access, &relaying.viewer, kind) {
        (Some(access), Some(viewer), Some(kind)) => {
            narrowed(access, viewer, (relaying.place, kind), gathered)?
        }
        _ => gathered,
    };
    let Gathered { status, text, message, .. } = gathered;
    if let Some(id) = relaying.id
        && let Some(message) = message.as_ref().filter(|it| super::gathered::answers(it, &text, id))
    {
        if relaying.method == Some(McpMethod::ServerDiscover) {
            relaying.server().learn_revisions(revisions_of(message, &text));
        }
        let told = under_id(message, &text, id);
        let told = told.unwrap_or_else(|| marked(relaying, message, &text));
        return may_pass(status, relaying).map(|()| McpAnswer::whole(status, told));
    }
    if relaying.is_batch && is_batch_of_answers(&text) {
        return may_pass(status, relaying).map(|()| McpAnswer::whole(status, text.into_bytes()));
    }
    match (status, &message) {
        (200..=299, _) if !relaying.expects_answer() => Ok(McpAnswer::whole(202, Vec::new())),
        // Somebody who waits for no answer is told of a failure all the same.
        (400..=499, Some(message)) if message.kind() == MessageKind::Failure => {
            may_pass(status, relaying).map(|()| McpAnswer::whole(status, text.into_bytes()))
        }
        (404, _) if relaying.session.is_some_and(|own| own.id.is_some()) => {
            Err(Refusal::new(RefusalKind::SessionUnknown, "make another").into())
        }
        (200..=299, _) => Err(foreign("the server's answer is no message").into()),
        _ => Err(foreign(format!("the server answered {status}")).into()),
    }
}

/// What a server says of credentials is about those of the gateway, and none of the client's doing.
fn may_pass(status: u16, relaying: &Relaying<'_>) -> Result<(), Missed> {
    match status {
        401 | 403 | 407 => {
            let name = relaying.server().name();
            Err(foreign(format!("the server {name} does not let the gateway in ({status})")).into())
        }
        _ => Ok(()),
    }
}

/// A message of a server's with its mark on all URIs, where there are several.
fn marked(relaying: &Relaying<'_>, message: &Message, text: &str) -> Vec<u8> {
    if !(relaying.is_merged && relaying.service.has_marks()) {
        return text.as_bytes().to_vec();
    }
    match content::mark(message, text, relaying.server().name()) {
        Ok(edits) => edits.apply(text.as_bytes()),
        Err(_) => text.as_bytes().to_vec(),
    }
}

/// The revisions that a server says it speaks, of those that are known here, in its order.
fn revisions_of(message: &Message, text: &str) -> Vec<Revision> {
    let mut revisions = Vec::new();
    let mut cursor = Cursor::new(message.raw(Part::SupportedVersions, text).unwrap_or("[]"));
    let read = cursor.array(|one| one.text().map(|said| revisions.extend(Revision::named(&said))));
    if read.is_ok() { revisions } else { Vec::new() }
}

/// Forgets what is kept of a server that says that it has changed.
pub(super) fn heed_change(server: &LiveMcpServer, method: Option<McpMethod>) {
    match method {
        Some(McpMethod::ToolsChanged) => server.list(ListKind::Tools).forget(),
        Some(McpMethod::PromptsChanged) => server.list(ListKind::Prompts).forget(),
        Some(McpMethod::ResourcesChanged) => {
            server.list(ListKind::Resources).forget();
            server.list(ListKind::ResourceTemplates).forget();
        }
        _ => {}
    }
}

/// The session that a server has made, and that this client goes on with.
pub(super) fn session_head(answer: &mut McpAnswer<'_>, sealed: &str) {
    answer.head.fields.append(header::SESSION, sealed.as_bytes());
}
