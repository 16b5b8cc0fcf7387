//! The same asked of several servers at once, each within its own time: one that is slow or dead
//! costs the others nothing.

use std::pin::pin;
use std::sync::Arc;

use architrave_core::Reason;
use architrave_mcp::method::Method as McpMethod;
use architrave_mcp::revision::Era;
use architrave_mcp::session::ServerSession;
use architrave_net::Method;
use architrave_telemetry::Phase;
use futures_util::future::join_all;

use super::absent::{note, sift, with_left_out};
use super::ask::{is_session_lost, send};
use super::era::{Asking, is_other};
use super::gathered::{AnswerKind, Gathered, foreign, gather};
use super::outgoing::{Beside, Outgoing, head, tell_caller};
use crate::attempt::Answered;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::LiveMcpService;
use crate::worker::Worker;

/// What one of several servers is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The place of the server.
    pub place: usize,
    /// With which method of HTTP.
    pub verb: Method,
    /// What it is counted as.
    pub counted_as: &'static str,
    /// The message.
    pub body: Vec<u8>,
    /// What is said beside it.
    pub beside: Beside,
    /// The era that the client speaks.
    pub era: Era,
    /// What its session has with the server.
    pub own: Option<ServerSession>,
    /// Whether it may be asked again where nobody knows whether it has been.
    pub is_repeatable: bool,
}

/// Asks each of them, and reads the answers whole, in the order of the servers.
pub(super) async fn ask_all(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LiveMcpService,
    asked: Vec<Asked>,
    id: Option<&str>,
) -> Vec<(usize, Result<Gathered, Failure>)> {
    let (asked, left_out) = sift(worker, exchange, service, asked);
    let each = asked.into_iter().map(async |one| {
        let (place, counted_as) = (one.place, one.counted_as);
        let server = &service.servers[place];
        let pinned = one.own.as_ref().and_then(|own| own.endpoint);
        let answer = async {
            let own = one.own.clone();
            let asking = asking(&one, own.as_ref(), id.is_some());
            let again = asking.may_be_other(worker, server).then(|| one.clone());
            let way = server.way(one.era, own.as_ref(), worker.now());
            let answered = match (pin!(reach(worker, exchange, service, one)).await, pinned) {
                (Ok(answered), _) => answered,
                (Err(failure), Some(endpoint)) if is_session_lost(&failure, way, true) => {
                    return Ok(Gathered::of_lost_session(endpoint));
                }
                (Err(failure), _) => return Err(failure),
            };
            let gathered = pin!(gather(worker, server, answered, id)).await?;
            match again {
                Some(again)
                    if pin!(is_other(worker, exchange, server, &asking, &gathered)).await =>
                {
                    let answered = pin!(reach(worker, exchange, service, again)).await?;
                    pin!(gather(worker, server, answered, id)).await
                }
                _ => Ok(gathered),
            }
        };
        let limit = server.timeouts().list;
        let answer = match tokio::time::timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(too_late()),
        };
        note(worker, server, answer.as_ref().err());
        tell(worker, service, (place, counted_as), answer.as_ref().err());
        (place, answer)
    });
    with_left_out(join_all(each).await, left_out)
}

/// Asks each of them for a stream; those that have begun one in time, in the order of the servers.
pub(super) async fn open_all(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LiveMcpService,
    asked: Vec<Asked>,
) -> Vec<(usize, Result<Box<Answered>, Failure>)> {
    let (asked, left_out) = sift(worker, exchange, service, asked);
    let each = asked.into_iter().map(async |one| {
        let (place, counted_as) = (one.place, one.counted_as);
        let server = &service.servers[place];
        let limit = server.timeouts().list;
        let answer = async {
            let own = one.own.clone();
            let asking = asking(&one, own.as_ref(), one.verb == Method::Post);
            let again = asking.may_be_other(worker, server).then(|| one.clone());
            let answered = pin!(reach(worker, exchange, service, one)).await?;
            let Some(again) = again.filter(|_| !is_stream(&answered)) else { return Ok(answered) };
            let status = answered.head.status;
            let gathered = pin!(gather(worker, server, answered, None)).await?;
            match pin!(is_other(worker, exchange, server, &asking, &gathered)).await {
                true => pin!(reach(worker, exchange, service, again)).await,
                false => Err(foreign(format!("the server answered {status} and no stream"))),
            }
        };
        let answer = tokio::time::timeout(limit, answer).await;
        let answer = answer.unwrap_or_else(|_elapsed| Err(too_late()));
        tell(worker, service, (place, counted_as), answer.as_ref().err());
        (place, answer)
    });
    with_left_out(join_all(each).await, left_out)
}

fn asking<'a>(one: &Asked, own: Option<&'a ServerSession>, is_request: bool) -> Asking<'a> {
    Asking { era: one.era, own, method: McpMethod::named(one.counted_as), is_request }
}

fn is_stream(answered: &Answered) -> bool {
    AnswerKind::of(&answered.head.fields) == AnswerKind::Events
}

async fn reach(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LiveMcpService,
    asked: Asked,
) -> Result<Box<Answered>, Failure> {
    let server = Arc::clone(&service.servers[asked.place]);
    let way = server.way(asked.era, asked.own.as_ref(), worker.now());
    let mut head = head(way, asked.verb, &exchange.head.fields, &asked.beside);
    tell_caller(&mut head, way, exchange);
    let outgoing = Outgoing {
        head,
        body: asked.body,
        pinned: asked.own.and_then(|own| own.endpoint),
        limit: server.timeouts().list,
        is_repeatable: asked.is_repeatable,
    };
    let conversation = exchange.connection.conversation();
    pin!(send(worker, conversation, way, outgoing, None)).await.map(|(answered, _)| answered)
}

fn tell(
    worker: &Worker,
    service: &LiveMcpService,
    (place, counted_as): (usize, &str),
    failure: Option<&Failure>,
) {
    service.servers[place].count(worker, counted_as, failure.is_none());
    if let Some(failure) = failure {
        let server = service.servers[place].name();
        let (reason, detail) = (failure.reason.as_str(), &*failure.detail);
        tracing::warn!(server, reason, detail, "an MCP server is left out");
    }
}

fn too_late() -> Failure {
    Failure::gateway(Reason::ResponseTimeout, Phase::Wait, "the server did not answer in time")
}
