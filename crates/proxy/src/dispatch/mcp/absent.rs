//! Servers that have just missed a deadline are not asked beside others; one look at them, for which
//! nobody waits, says when they are there again.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use architrave_core::{Reason, task};
use architrave_mcp::header;
use architrave_mcp::list::ListKind;
use architrave_mcp::message::{Message, MessageLimits};
use architrave_mcp::method::Method as McpMethod;
use architrave_net::{Conversation, Fields, Method};
use architrave_telemetry::Phase;

use super::ask::send;
use super::fan::Asked;
use super::gathered::{Gathered, gather};
use super::outgoing::{Beside, Outgoing, head};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{LiveMcpServer, LiveMcpService, Way};
use crate::worker::Worker;

/// Parts who is asked from those who are left out. Where nobody would be left, all are asked.
pub(super) fn sift(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LiveMcpService,
    asked: Vec<Asked>,
) -> (Vec<Asked>, Vec<usize>) {
    let is_left_out = |one: &Asked| service.servers[one.place].absence.is_left_out();
    if asked.iter().all(is_left_out) {
        return (asked, Vec::new());
    }
    let (left_out, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_left_out);
    let places = left_out.iter().map(|one| one.place).collect();
    for one in left_out {
        let server = &service.servers[one.place];
        let limit = server.timeouts().list;
        if is_question(&one) && server.absence.is_to_look(worker.now(), limit) {
            let look = Look {
                worker: worker.handle(),
                server: Arc::clone(server),
                conversation: exchange.connection.conversation(),
                fields: exchange.head.fields.clone(),
                asked: one,
            };
            task::spawn_local(look.take());
        }
    }
    (asked, places)
}

/// Whether it can be asked again by somebody who wants to know nothing but that it is answered.
fn is_question(one: &Asked) -> bool {
    let method = McpMethod::named(one.counted_as).filter(|_| one.verb == Method::Post);
    method.is_some_and(|method| {
        matches!(method, McpMethod::Initialize | McpMethod::ServerDiscover)
            || ListKind::of(method).is_some()
    })
}

/// All answers, with the words for those who were left out, in the order of the servers.
pub(super) fn with_left_out<T>(
    mut answers: Vec<(usize, Result<T, Failure>)>,
    left_out: Vec<usize>,
) -> Vec<(usize, Result<T, Failure>)> {
    let late = "the server has missed a deadline and is left out until it answers";
    let missing =
        |place| (place, Err(Failure::gateway(Reason::ResponseTimeout, Phase::Wait, late)));
    answers.extend(left_out.into_iter().map(missing));
    answers.sort_by_key(|(place, _)| *place);
    answers
}

/// Notes whether a server has kept its deadline.
pub(super) fn note(worker: &Worker, server: &LiveMcpServer, failure: Option<&Failure>) {
    match failure.map(|failure| failure.reason) {
        Some(Reason::ConnectTimeout | Reason::ResponseTimeout | Reason::StallTimeout) => {
            if server.absence.note_missed(worker.now()) {
                tracing::warn!(
                    server = server.name(),
                    "an MCP server has missed a deadline: others do not wait for it"
                );
            }
        }
        Some(_) => {}
        None => {
            if server.absence.note_answered() {
                tracing::info!(server = server.name(), "an MCP server answers in time again");
            }
        }
    }
}

/// A look at a server that was left out: what a client has just asked is asked there, and the answer
/// is for nobody.
struct Look {
    worker: Rc<Worker>,
    server: Arc<LiveMcpServer>,
    conversation: Conversation,
    fields: Fields,
    asked: Asked,
}

impl Look {
    async fn take(self) {
        let limit = self.server.timeouts().list;
        let asked = &self.asked;
        let looked = self.ask(asked.verb.clone(), asked.body.clone(), &asked.beside);
        let looked = tokio::time::timeout(limit, looked).await;
        let looked = looked.unwrap_or_else(|_elapsed| {
            Err(Failure::gateway(Reason::ResponseTimeout, Phase::Wait, "it did not answer"))
        });
        let (worker, server) = (&self.worker, &self.server);
        server.count(worker, asked.counted_as, looked.is_ok());
        note(worker, server, looked.as_ref().err());
        // A session that was made by it is nobody's.
        if asked.counted_as == McpMethod::Initialize.as_str()
            && let Ok(Gathered { session: Some(session), .. }) = looked
        {
            let beside = vec![(header::SESSION, session)];
            let ended = self.ask(Method::Delete, Vec::new(), &beside);
            let _whatever = tokio::time::timeout(limit, ended).await;
        }
    }

    async fn ask(&self, verb: Method, body: Vec<u8>, beside: &Beside) -> Result<Gathered, Failure> {
        let Way::Http(way) = &self.server.way;
        let text = str::from_utf8(&body).unwrap_or_default();
        let message = Message::read(text, &MessageLimits::default());
        let id = message.ok().and_then(|message| message.id(text).map(str::to_owned));
        let outgoing = Outgoing {
            head: head(way, verb, &self.fields, beside),
            body,
            pinned: None,
            limit: self.server.timeouts().list,
            is_repeatable: false,
        };
        let sent = pin!(send(&self.worker, self.conversation, way, outgoing, None)).await;
        pin!(gather(&self.worker, &self.server, sent?.0, id.as_deref())).await
    }
}
