//! Which era a server speaks, found out when it makes nothing of what a client says: then it is
//! asked what it speaks, and what the client has said goes to it across the eras.

use std::pin::pin;

use architrave_mcp::header;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method as McpMethod;
use architrave_mcp::probe::{Probed, probed, question};
use architrave_mcp::refusal::is_modern_code;
use architrave_mcp::revision::Era;
use architrave_mcp::session::ServerSession;
use architrave_net::Method;

use super::ask::send;
use super::gathered::{Gathered, gather};
use super::outgoing::{Outgoing, beside_modern, head};
use crate::exchange::Exchange;
use crate::mcp::{LiveMcpServer, Way};
use crate::worker::Worker;

/// Who the gateway is to a server that it asks.
const INFO: &str = concat!(r#"{"name":"architrave","version":""#, env!("CARGO_PKG_VERSION"), "\"}");

/// What is asked of a server, as far as it matters to which era it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The era that the client speaks.
    pub era: Era,
    /// What its session has with the server.
    pub own: Option<&'a ServerSession>,
    /// The method.
    pub method: Option<McpMethod>,
    /// Whether an answer is expected.
    pub is_request: bool,
}

impl Asking<'_> {
    /// Whether the server may turn out to speak the other era alone.
    pub(super) fn may_be_other(&self, worker: &Worker, server: &LiveMcpServer) -> bool {
        self.is_request
            && self.own.is_none()
            && server.has_across()
            && server.eras.speaks(self.era, worker.now()).is_none()
    }
}

/// Whether a server that has answered so speaks the other era alone; it is asked, where the answer
/// gives reason to, and what is found out is noted.
pub(super) async fn is_other(
    worker: &Worker,
    exchange: &Exchange<'_>,
    server: &LiveMcpServer,
    asking: &Asking<'_>,
    gathered: &Gathered,
) -> bool {
    match doubts(asking, gathered) {
        Doubt::None => return false,
        Doubt::Gone => {
            server.eras.note(asking.era, true, worker.now());
            return false;
        }
        Doubt::Some => {}
    }
    let learned = pin!(learn(worker, exchange, server)).await;
    match (asking.era, learned) {
        (_, None) => false,
        (era, Some(spoken)) => {
            server.eras.note(era, era == spoken, worker.now());
            // What was done once is not done again.
            let was_done = gathered.message.as_ref().is_some_and(|it| it.has(Part::Result));
            era != spoken && (!was_done || asking.method.is_some_and(McpMethod::is_repeatable))
        }
    }
}

enum Doubt {
    /// The answer says nothing of eras.
    None,
    /// It says that the server speaks the client's.
    Gone,
    Some,
}

fn doubts(asking: &Asking<'_>, gathered: &Gathered) -> Doubt {
    // Who asks for credentials or is out of order has not looked at what is asked.
    if matches!(gathered.status, 401 | 403 | 407 | 408 | 429 | 500..) {
        return Doubt::None;
    }
    let Some(message) = &gathered.message else { return Doubt::Some };
    let text = &*gathered.text;
    match (message.kind(), asking.era) {
        (MessageKind::Response, Era::Legacy) => Doubt::Gone,
        (MessageKind::Response, Era::Modern) => match message.has(Part::ResultType) {
            true => Doubt::Gone,
            false => Doubt::Some,
        },
        (MessageKind::Failure, Era::Modern) => {
            let code = message.raw(Part::ErrorCode, text).and_then(|code| code.parse().ok());
            match code.is_some_and(is_modern_code) {
                // It may have named legacy revisions alone.
                true if code != Some(-32022) => Doubt::Gone,
                _ => Doubt::Some,
            }
        }
        (MessageKind::Failure, Era::Legacy) => Doubt::Some,
        _ => Doubt::None,
    }
}

/// Asks a server which era it speaks; nothing where it does not say.
async fn learn(worker: &Worker, exchange: &Exchange<'_>, server: &LiveMcpServer) -> Option<Era> {
    let Way::Http(way) = &server.way;
    let body = question("\"era\"", INFO);
    let text = str::from_utf8(&body).ok()?;
    let message = Message::read(text, &MessageLimits::default()).ok()?;
    let mut beside = beside_modern(&message, text, None);
    beside.retain(|(name, _)| *name != header::NAME);
    let limit = server.timeouts().list;
    let outgoing = Outgoing {
        head: head(way, Method::Post, &exchange.head.fields, &beside),
        body,
        pinned: None,
        limit,
        is_repeatable: true,
    };
    let conversation = exchange.connection.conversation();
    let asking = async {
        let sent = pin!(send(worker, conversation, way, outgoing, None)).await;
        let (answered, _) = sent.ok()?;
        pin!(gather(worker, server, answered, Some("\"era\""))).await.ok()
    };
    let gathered = tokio::time::timeout(limit, asking).await.ok()??;
    let is_result = gathered.message.as_ref().is_some_and(|it| it.has(Part::Result));
    let (name, found) = (server.name(), probed(gathered.status, &gathered.text));
    tracing::debug!(server = name, ?found, "an MCP server is asked which era it speaks");
    match found {
        Probed::Modern(_) => Some(Era::Modern),
        // Whoever answers it with something else than it is for may answer anything.
        Probed::Legacy => (!is_result).then_some(Era::Legacy),
        Probed::Foreign | Probed::Unknown => None,
    }
}
